// Sends the responses that a handler yields, no faster than the peer reads.
import type { AsyncResource } from "node:async_hooks";
import { burst } from "./turn.ts";

type Responses = AsyncIterator<unknown> | Iterator<unknown>;
type Result = IteratorResult<unknown>;

/** The call of the responses. */
interface Sender {
  /** Returns whether there is room for more. Throws if the response cannot be sent. */
  send(response: unknown): boolean;
  /** The last response has been sent, or the writer has been stopped. */
  onResponsesEnd(): void;
  /** The handler has thrown, or a response cannot be sent. */
  onResponsesFail(thrown: unknown): void;
  /** Called with an error that a handler throws after the writer was stopped. */
  fail(thrown: unknown): void;
}

/**
 * Writes the responses. The loop is not an async function, so a stream that waits for its handler,
 * as thousands may, takes a third less memory.
 */
export class ResponseWriter {
  readonly #responses: Responses;
  readonly #sender: Sender;
  readonly #scope: AsyncResource | undefined;
  readonly #onResult = (result: Result): void => this.#continue(result);
  readonly #onFault = (thrown: unknown): void => this.#sender.onResponsesFail(thrown);
  #count = 0;
  #stopped = false;
  /** Whether the loop waits for room. */
  #full = false;

  /**
   * @param scope the asynchronous context of the handler: a generator runs in the context of the one
   * who asks for the next response. Default: that of the caller.
   */
  constructor(responses: Responses, sender: Sender, scope: AsyncResource | undefined) {
    this.#responses = responses;
    this.#sender = sender;
    this.#scope = scope;
  }

  /**
   * Sends the responses until the handler is done or fails, or the writer is stopped. The sender is
   * called once at the end.
   */
  write(): void {
    this.#inScope(() => this.#continue(undefined));
  }

  /** There is room again. */
  drain(): void {
    if (!this.#full) return;
    this.#full = false;
    // Not synchronously, because the caller has not finished.
    this.#inScope(() => queueMicrotask(() => this.#continue(undefined)));
  }

  /**
   * Stops the loop. Runs the handler's `finally` directly, because the loop may be blocked in a
   * handler that waits for something else.
   */
  stop(): void {
    this.#stopped = true;
    this.drain();
    this.#inScope(() => this.#return().catch((error: unknown) => this.#sender.fail(error)));
  }

  #inScope(run: () => void): void {
    if (this.#scope === undefined) run();
    else this.#scope.runInAsyncScope(run);
  }

  /**
   * Processes a result, if there is one, and reads further ones until it has to wait for the
   * handler or for the peer.
   */
  #continue(result: Result | undefined): void {
    let next = result;
    try {
      for (;;) {
        if (next !== undefined && !this.#take(next)) return;
        if (this.#stopped) break;
        const following = this.#responses.next();
        if (isPromise(following)) {
          // A foreign thenable may call back at once, and more than once.
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

  /** Returns whether the loop continues now. */
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
    setImmediate(() => this.#continue(undefined));
    return false;
  }

  #send(response: unknown): boolean {
    try {
      return this.#sender.send(response);
    } catch (error) {
      // The error that stopped the loop takes precedence.
      this.#return().catch(() => {});
      throw error;
    }
  }

  async #return(): Promise<void> {
    // Not synchronously: the caller may be the generator itself, which cannot return while it runs.
    await undefined;
    await this.#responses.return?.();
  }
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T>).then === "function";
}
