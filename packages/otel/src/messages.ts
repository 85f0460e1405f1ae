// The messages of a stream, read inside the context of their call and counted as events.
import { type Context, context } from "@opentelemetry/api";

type Result<T> = IteratorResult<T, undefined>;

/**
 * Reads an iterable inside a context: a generator of a handler then runs all its steps in the
 * context of its call. It is not a generator itself, so that `return()` reaches the iterator while
 * a `next()` waits.
 */
export class MessagesIn<T> implements AsyncIterableIterator<T, undefined> {
  readonly #context: Context;
  readonly #onMessage: ((message: T) => void) | undefined;
  readonly #messages: AsyncIterable<T>;
  #iterator: AsyncIterator<T, undefined> | undefined;

  /** @param onMessage called for each message. */
  constructor(messages: AsyncIterable<T>, within: Context, onMessage: ((message: T) => void) | undefined) {
    this.#messages = messages;
    this.#context = within;
    this.#onMessage = onMessage;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result<T>> {
    return context.with(this.#context, this.#onMessage === undefined ? this.#read : this.#watched, this);
  }

  /** Adds no promise to that of the iterator. */
  #read(): Promise<Result<T>> {
    this.#iterator ??= this.#messages[Symbol.asyncIterator]() as AsyncIterator<T, undefined>;
    return this.#iterator.next();
  }

  async #watched(): Promise<Result<T>> {
    const result = await this.#read();
    if (!result.done) this.#onMessage?.(result.value);
    return result;
  }

  async return(): Promise<Result<T>> {
    await context.with(this.#context, () => this.#iterator?.return?.());
    return { done: true, value: undefined };
  }
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T>).then === "function";
}
