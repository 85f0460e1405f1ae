// Runs the interceptors around a call and shows them its messages.
import type { Message } from "@bufbuild/protobuf";
import { intercept } from "../intercept.ts";
import type { ClientCallContext, ClientInterceptor } from "./context.ts";

export class Interception {
  readonly #onRequest: ((request: object) => void)[] = [];
  readonly #onResponse: ((response: Message) => void)[] = [];
  /** Requests sent before the call began. A listener that is added later sees them too. */
  #waiting: object[] | undefined = [];
  #controller: AbortController | undefined = undefined;
  #abortedBy: unknown = undefined;
  /** Settles the promise of the innermost `next()`. */
  #settle: ((failure: unknown) => void) | undefined = undefined;

  /**
   * Runs the interceptors. Resolves if the call succeeds, and rejects with the error for the
   * caller.
   * @param begin begins the call. The innermost `next()` calls it, and settles with `settle`.
   */
  run(interceptors: readonly ClientInterceptor[], context: ClientCallContext, begin: () => void): Promise<void> {
    const next = () =>
      new Promise<void>((resolve, reject) => {
        this.#settle = (failure) => (failure === undefined ? resolve() : reject(failure));
        begin();
      });
    return intercept(interceptors, context, next);
  }

  /** Settles the innermost `next()`. Returns false if no interceptor has called it. */
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

  /** Adds a listener and shows it the requests that wait for the call to begin. */
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

  /** Called once the call has begun. Listeners added later see later requests only. */
  begun(): void {
    this.#waiting = undefined;
  }
}
