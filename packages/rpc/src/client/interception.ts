// A call within interceptors: they run around it, and see its messages.
import type { Message } from "@bufbuild/protobuf";
import { intercept } from "../intercept.ts";
import type { ClientCallContext, ClientInterceptor } from "./context.ts";

export class Interception {
  readonly #onRequest: ((request: object) => void)[] = [];
  readonly #onResponse: ((response: Message) => void)[] = [];
  /** Requests that wait for the interceptors. */
  #waiting: object[] | undefined = [];
  #controller: AbortController | undefined = undefined;
  #abortedBy: unknown = undefined;
  /** Settles what `next()` of the innermost interceptor has returned. */
  #settle: ((failure: unknown) => void) | undefined = undefined;

  /**
   * Runs the interceptors. Resolves if they let the call be OK, and rejects with what the caller is to get otherwise.
   * @param begin is called by `next()` of the innermost one; `settle` tells it how the call has ended.
   */
  run(interceptors: readonly ClientInterceptor[], context: ClientCallContext, begin: () => void): Promise<void> {
    const next = () =>
      new Promise<void>((resolve, reject) => {
        this.#settle = (failure) => (failure === undefined ? resolve() : reject(failure));
        begin();
      });
    return intercept(interceptors, context, next);
  }

  /** Ends `next()`. Returns whether it was called. */
  settle(failure: unknown): boolean {
    this.#settle?.(failure);
    return this.#settle !== undefined;
  }

  /** Aborts when the call fails. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortedBy !== undefined) this.#controller.abort(this.#abortedBy);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#abortedBy ??= reason;
    this.#controller?.abort(reason);
  }

  /** An interceptor that comes to it late sees the requests that wait, too. */
  onRequest(listener: (request: object) => void): void {
    this.#onRequest.push(listener);
    for (const request of this.#waiting ?? []) listener(request);
  }

  onResponse(listener: (response: Message) => void): void {
    this.#onResponse.push(listener);
  }

  showRequest(request: object): void {
    for (const listener of this.#onRequest) listener(request);
    this.#waiting?.push(request);
  }

  showResponse(response: Message): void {
    for (const listener of this.#onResponse) listener(response);
  }

  /** No request waits any more. */
  begun(): void {
    this.#waiting = undefined;
  }
}
