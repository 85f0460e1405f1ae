// What interceptors have asked of a call: to see its messages, and to hear of its end.
import type { Message } from "@bufbuild/protobuf";

export class Interception {
  #onRequest: ((request: object) => void)[] = [];
  #onResponse: ((response: Message) => void)[] = [];
  /** Requests that wait for the interceptors. */
  #waiting: object[] | undefined = [];
  /** Settles what `next()` of the innermost interceptor has returned, once it has been called: rejects with a failure, if there is one. */
  settle: ((failure: unknown) => void) | undefined;

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
