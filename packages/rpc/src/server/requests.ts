// The requests of a client streaming or bidirectional call, as the handler reads them.
import type { Message } from "@bufbuild/protobuf";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import type { ServerStream } from "../transport/server.ts";
import { burst, inNextTurn } from "./turn.ts";

type Result = IteratorResult<Message, undefined>;

/** A `next()` that waits. */
type Waiter = PromiseWithResolvers<Result>;

/** Decodes a request, and passes it to the interceptors. */
interface Receiver {
  receive(request: Buffer, compressed: boolean, start: number): Message;
}

const done: Result = { done: true, value: undefined };

/** Reads from the peer only what the handler pulls. */
export class Requests implements AsyncIterableIterator<Message, undefined> {
  readonly #stream: ServerStream;
  readonly #receiver: Receiver;
  /** The first pending `next()`. A handler that reads in a loop has at most one. */
  #waiter: Waiter | undefined;
  /** Further pending calls of `next()`. */
  #others: Waiter[] | undefined;
  /** Whether `next()` is pulling, so that a request may be delivered synchronously. */
  #pulling = false;
  /** The request that was delivered synchronously, and how many there were. */
  #pulled: Promise<Result> | undefined;
  #count = 0;
  /**
   * Whether the caller has half-closed and all requests are read, or the handler has stopped
   * reading.
   */
  #closed = false;
  #failure: RpcError | undefined;

  constructor(stream: ServerStream, receiver: Receiver) {
    this.#stream = stream;
    this.#receiver = receiver;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#closed) return Promise.resolve(done);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#waiter !== undefined) {
      const waiter = this.#wait();
      this.#stream.pull();
      return waiter.promise;
    }
    // Most requests of a fast caller have already arrived, and need no waiter.
    this.#pulling = true;
    this.#stream.pull();
    this.#pulling = false;
    const pulled = this.#pulled;
    this.#pulled = undefined;
    if (pulled === undefined) return this.#wait().promise;
    return ++this.#count % burst === 0 ? pulled.then(inNextTurn) : pulled;
  }

  #wait(): Waiter {
    const waiter: Waiter = Promise.withResolvers();
    if (this.#waiter === undefined) this.#waiter = waiter;
    else {
      this.#others ??= [];
      this.#others.push(waiter);
    }
    if (this.#closed) this.close();
    else if (this.#failure !== undefined) this.fail(this.#failure);
    return waiter;
  }

  #shift(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = this.#others?.shift();
    return waiter;
  }

  /** The handler stops reading. */
  return(): Promise<Result> {
    this.close();
    return Promise.resolve(done);
  }

  push(request: Buffer, compressed: boolean, start: number): void {
    const waiter = this.#shift();
    // Without a waiter, the handler has left its loop.
    if (waiter === undefined && !this.#pulling) return;
    try {
      const result: Result = { done: false, value: this.#receiver.receive(request, compressed, start) };
      if (waiter === undefined) this.#pulled = Promise.resolve(result);
      else waiter.resolve(result);
    } catch (error) {
      if (waiter === undefined) this.#pulled = Promise.reject(error);
      else waiter.reject(error);
    }
  }

  close(): void {
    if (this.#failure !== undefined) return;
    this.#closed = true;
    for (let waiter = this.#shift(); waiter !== undefined; waiter = this.#shift()) waiter.resolve(done);
  }

  fail(reason: RpcError): void {
    if (this.#closed) return;
    this.#failure ??= reason;
    for (let waiter = this.#shift(); waiter !== undefined; waiter = this.#shift()) waiter.reject(this.#failure);
  }

  /**
   * Ends the requests of a call that has ended. A remaining reader gets an error, so that it does
   * not take half of the requests for all of them.
   */
  over(): void {
    if (!this.#closed && this.#failure === undefined) this.fail(new RpcError(Code.CANCELLED, "the call has ended"));
  }
}
