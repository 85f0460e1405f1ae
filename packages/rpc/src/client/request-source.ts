// The requests of an intercepted call: from an iterable, or sent one by one.
import { readTwice } from "../intercept/chain.ts";
import { type AnyIterable, type AnyIterator, iteratorOf } from "../iterable.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { Settling } from "./rejection.ts";

type Result = IteratorResult<unknown, undefined>;

const done: Result = { done: true, value: undefined };

/** Can be read once. */
export class RequestSource implements AsyncIterable<unknown> {
  readonly #path: string;
  readonly #requests: AnyIterable;
  #taken = false;

  constructor(path: string, requests: AnyIterable) {
    this.#path = path;
    this.#requests = requests;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    if (this.#taken) throw readTwice(this.#path);
    this.#taken = true;
    const iterator: AnyIterator = iteratorOf(this.#requests);
    return {
      next: async () => iterator.next(),
      return: async () => (await iterator.return?.()) ?? done,
    };
  }
}

/** Passes requests from `send()` to one reader. */
export class RequestPipe implements AsyncIterableIterator<unknown, undefined> {
  readonly #queue: unknown[] = [];
  /** The reader waits for a request. */
  #reader: PromiseWithResolvers<Result> | undefined;
  /** The sender waits until the reader has taken what it has sent. */
  #room: Settling<boolean> | undefined;
  #over = false;
  closed = false;

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Resolves to true once the reader asks for more, and to false if nothing reads any more. */
  send(request: unknown): Promise<boolean> {
    if (this.#over) return Promise.resolve(false);
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve({ done: false, value: request });
    } else this.#queue.push(request);
    this.#room ??= new Settling();
    return this.#room.promise;
  }

  close(): void {
    this.closed = true;
    if (this.#queue.length === 0) this.#reader?.resolve(done);
  }

  next(): Promise<Result> {
    if (this.#queue.length > 0) return Promise.resolve({ done: false, value: this.#queue.shift() });
    this.#settleRoom(!this.#over);
    if (this.#over) return Promise.reject(new RpcError(Code.CANCELLED, "the call has ended"));
    if (this.closed) return Promise.resolve(done);
    this.#reader ??= Promise.withResolvers();
    return this.#reader.promise;
  }

  /** The reader has stopped, or the call has ended. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue.length = 0;
    this.#settleRoom(false);
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.promise.catch(() => {});
    reader?.reject(new RpcError(Code.CANCELLED, "the call has ended"));
  }

  return(): Promise<Result> {
    this.end();
    return Promise.resolve(done);
  }

  #settleRoom(room: boolean): void {
    const waiting = this.#room;
    this.#room = undefined;
    waiting?.resolve(room);
  }
}
