// The requests of a client streaming or bidirectional call, as the handler reads them.
import type { Message } from "@bufbuild/protobuf";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import type { ServerStream } from "../transport/server.ts";

type Result = IteratorResult<Message, undefined>;

/** A `next()` that waits. */
class Waiter {
  readonly promise: Promise<Result>;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.promise = promise;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/** Decodes a request, and shows it to the interceptors. */
interface Receiver {
  receive(request: Buffer, compressed: boolean): Message;
}

const done: Result = { done: true, value: undefined };

/** Pulls: nothing is read from the peer that the handler has not asked for. */
export class Requests implements AsyncIterableIterator<Message, undefined> {
  readonly #stream: ServerStream;
  readonly #receiver: Receiver;
  readonly #waiters: Waiter[] = [];
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
    const waiter = new Waiter();
    this.#waiters.push(waiter);
    this.#stream.pull();
    return waiter.promise;
  }

  /** The handler reads no further. */
  return(): Promise<Result> {
    this.close();
    return Promise.resolve(done);
  }

  push(request: Buffer, compressed: boolean): void {
    // The handler has left its loop meanwhile.
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return;
    try {
      waiter.resolve({ done: false, value: this.#receiver.receive(request, compressed) });
    } catch (error) {
      waiter.reject(error);
    }
  }

  close(): void {
    if (this.#failure !== undefined) return;
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(done);
  }

  fail(reason: RpcError): void {
    if (this.#closed) return;
    this.#failure ??= reason;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
  }

  /** The call has ended, and who still reads is not its handler. Half of the requests must not pass for all of them. */
  over(): void {
    if (!this.#closed && this.#failure === undefined) this.fail(new RpcError(Code.CANCELLED, "the call has ended"));
  }
}
