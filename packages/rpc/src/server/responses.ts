// Sends what a server streaming or bidirectional handler yields, no faster than the peer reads.

import { burst } from "./turn.ts";

type Responses = AsyncIterator<unknown> | Iterator<unknown>;
type Result = IteratorResult<unknown>;

/** The call that the responses are of. */
interface Sender {
  /** Returns whether there is room for more. Throws if the response cannot be sent. */
  send(response: unknown): boolean;
  /** The last response has been sent, or the writer has been stopped. */
  onResponsesEnd(): void;
  /** The handler throws, or a response cannot be sent. */
  onResponsesFail(thrown: unknown): void;
  /** Takes what a handler throws that has been stopped. */
  fail(thrown: unknown): void;
}

/** A loop without an async function: a stream that waits for its handler, as thousands may, takes a third of the memory. */
export class ResponseWriter {
  readonly #responses: Responses;
  readonly #sender: Sender;
  readonly #onResult = (result: Result): void => this.#goOn(result);
  readonly #onFault = (thrown: unknown): void => this.#sender.onResponsesFail(thrown);
  #count = 0;
  #stopped = false;
  /** Whether the loop waits for room. */
  #full = false;

  constructor(responses: Responses, sender: Sender) {
    this.#responses = responses;
    this.#sender = sender;
  }

  /** Sends what the handler yields, until it is done, fails, or the writer is stopped: its sender hears of that once. */
  write(): void {
    this.#goOn(undefined);
  }

  /** There is room again. */
  drain(): void {
    if (!this.#full) return;
    this.#full = false;
    // Not at once: whoever says so has not finished.
    queueMicrotask(() => this.#goOn(undefined));
  }

  /**
   * The call is over. The handler's `finally` runs as soon as the handler lets it: not left to the loop, which may be waiting for a handler that
   * waits for something else.
   */
  stop(): void {
    this.#stopped = true;
    this.drain();
    this.#return().catch((error: unknown) => this.#sender.fail(error));
  }

  /** Takes a result, if there is one, and asks for the next ones, until one or the peer has to be waited for. */
  #goOn(result: Result | undefined): void {
    let next = result;
    try {
      for (;;) {
        if (next !== undefined && !this.#take(next)) return;
        if (this.#stopped) break;
        const following = this.#responses.next();
        if (isPromise(following)) {
          // A thenable of somebody else may call back at once, and more than once.
          (following instanceof Promise ? following : Promise.resolve(following)).then(this.#onResult, this.#onFault);
          return;
        }
        next = following;
      }
    } catch (error) {
      this.#sender.onResponsesFail(error);
      return;
    }
    this.#sender.onResponsesEnd();
  }

  /** Returns whether the loop goes on now. */
  #take({ done, value }: Result): boolean {
    if (done || this.#stopped) {
      this.#stopped = true;
      return true;
    }
    const room = this.#send(value);
    if (this.#stopped) return true;
    if (!room) {
      this.#full = true;
      return false;
    }
    if (++this.#count % burst !== 0) return true;
    setImmediate(() => this.#goOn(undefined));
    return false;
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
}

/** Begins what a handler has returned. Undefined if it is no iterable. */
export function iteratorOf(responses: unknown): Responses | undefined {
  if (typeof responses === "object" && responses !== null) {
    if (Symbol.asyncIterator in responses) return (responses as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in responses) return (responses as Iterable<unknown>)[Symbol.iterator]();
  }
  return undefined;
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T>).then === "function";
}
