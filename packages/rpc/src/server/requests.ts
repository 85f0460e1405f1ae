// The requests of a client streaming or bidirectional call, as the handler reads them.
import type { Message } from "@bufbuild/protobuf";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import type { ServerStream } from "../transport/server.ts";
import { burst, inNextTurn } from "./turn.ts";

type Result = IteratorResult<Message, undefined>;

/** A `next()` that waits. */
type Waiter = PromiseWithResolvers<Result>;

/** Decodes a request, and shows it to the interceptors. */
interface Receiver {
  receive(request: Buffer, compressed: boolean): Message;
}

const done: Result = { done: true, value: undefined };

/** Pulls: nothing is read from the peer that the handler has not asked for. */
export class Requests implements AsyncIterableIterator<Message, undefined> {
  readonly #stream: ServerStream;
  readonly #receiver: Receiver;
  /** The first `next()` that waits. A handler that reads in a loop has one at a time. */
  #waiter: Waiter | undefined;
  /** Those behind it. */
  #others: Waiter[] | undefined;
  /** Whether a request that is here already would be delivered at this moment. */
  #pulling = false;
  /** What was delivered so, and how often. */
  #pulled: Promise<Result> | undefined;
  #count = 0;
  /** Whether the caller has sent its last, or the handler has read its last. */
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
    // Most requests of a fast caller are here already: they need no waiter.
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

  /** The handler reads no further. */
  return(): Promise<Result> {
    this.close();
    return Promise.resolve(done);
  }

  push(request: Buffer, compressed: boolean): void {
    const waiter = this.#shift();
    // Without a waiter, the handler has left its loop meanwhile.
    if (waiter === undefined && !this.#pulling) return;
    try {
      const result: Result = { done: false, value: this.#receiver.receive(request, compressed) };
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

  /** The call has ended, and who still reads is not its handler. Half of the requests must not pass for all of them. */
  over(): void {
    if (!this.#closed && this.#failure === undefined) this.fail(new RpcError(Code.CANCELLED, "the call has ended"));
  }
}
