// Sends what a server streaming or bidirectional handler yields, no faster than the peer reads.

import { burst, nextTurn } from "./turn.ts";

type Responses = AsyncIterator<unknown> | Iterator<unknown>;

/** The call that the responses are of. */
interface Sender {
  /** Returns whether there is room for more. Throws if the response cannot be sent. */
  send(response: unknown): boolean;
  /** Takes what a handler throws that has been stopped. */
  fail(thrown: unknown): void;
}

export class ResponseWriter {
  readonly #responses: Responses;
  readonly #sender: Sender;
  #stopped = false;
  #onDrain: (() => void) | undefined;

  /** @throws TypeError if the handler has returned something else. */
  constructor(responses: unknown, sender: Sender) {
    this.#responses = iteratorOf(responses);
    this.#sender = sender;
  }

  /** Resolves when the last response has been sent, or the writer has been stopped. Rejects with what the handler throws. */
  async write(): Promise<void> {
    for (let count = 1; ; count++) {
      const next = this.#responses.next();
      // Not awaited where it is there already: an await costs a turn of the queue of promises.
      const { done, value } = isPromise(next) ? await next : next;
      if (done || this.#stopped) return;
      if (!this.#send(value)) await this.#drained();
      if (count % burst === 0) await nextTurn();
      if (this.#stopped) return;
    }
  }

  /** There is room again. */
  drain(): void {
    const resume = this.#onDrain;
    this.#onDrain = undefined;
    resume?.();
  }

  /**
   * The call is over. The handler's `finally` runs as soon as the handler lets it: not left to the loop above, which may be waiting for a handler
   * that waits for something else.
   */
  stop(): void {
    this.#stopped = true;
    this.drain();
    this.#return().catch((error: unknown) => this.#sender.fail(error));
  }

  #send(response: unknown): boolean {
    try {
      return this.#sender.send(response);
    } catch (error) {
      // The error that stops it is the one that counts.
      this.#return().catch(() => {});
      throw error;
    }
  }

  async #return(): Promise<void> {
    // Not at once: whoever stops it may be the generator itself, which cannot return while it runs.
    await undefined;
    await this.#responses.return?.();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrain = resolve;
    });
  }
}

function iteratorOf(responses: unknown): Responses {
  if (typeof responses === "object" && responses !== null) {
    if (Symbol.asyncIterator in responses) return (responses as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in responses) return (responses as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new TypeError("a streaming handler must return an iterable or async iterable of responses");
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T>).then === "function";
}
