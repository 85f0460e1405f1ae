// The requests of a client streaming or bidirectional call, as the handler reads them.
import type { Message } from "@bufbuild/protobuf";
import type { ServerReadableStream } from "@grpc/grpc-js";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { inProcessPeer } from "../in-process/call.ts";
import type { Call } from "./call.ts";

interface Waiter {
  resolve(result: IteratorResult<Message, undefined>): void;
  reject(reason: unknown): void;
}

const done = { done: true, value: undefined } as const;

/**
 * Pulls: nothing is read from the peer that was not asked for, but for the few messages that grpc-js reads ahead. Node's own
 * iterator of a stream would not do: it destroys the stream, responses included, when the handler leaves the loop.
 */
export class Requests implements AsyncIterableIterator<Message, undefined> {
  readonly #stream: ServerReadableStream<Buffer, Buffer>;
  readonly #call: Call;
  readonly #waiters: Waiter[] = [];
  #ended = false;
  #failure: RpcError | undefined;

  constructor(stream: ServerReadableStream<Buffer, Buffer>, call: Call) {
    this.#stream = stream;
    this.#call = call;
    stream.on("readable", () => this.#deliver());
    stream.on("end", () => {
      if (!mayCancelByHalfClose(call)) this.#close();
      // Then a look at the socket: on a busy machine the reset may have come, and nobody has read it.
      else setTimeout(() => setImmediate(() => setImmediate(() => this.#close())), resetWithinMs);
    });
    // A stream that closes without an end has lost its peer; the call's own "cancelled" comes first, and says so better.
    stream.on("close", () => this.#fail(new RpcError(Code.CANCELLED, "the caller cancelled the call")));
    call.onAbort((reason) => this.#fail(reason));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#deliver();
    });
  }

  /** The handler reads no further. */
  return(): Promise<IteratorResult<Message, undefined>> {
    this.#close();
    return Promise.resolve(done);
  }

  #deliver(): void {
    for (let waiter = this.#waiters[0]; waiter !== undefined; waiter = this.#waiters[0]) {
      if (this.#failure !== undefined) waiter.reject(this.#failure);
      else if (this.#ended) waiter.resolve(done);
      else {
        const bytes: Buffer | null = this.#stream.read();
        if (bytes === null) return;
        try {
          waiter.resolve({ done: false, value: this.#call.receive(bytes) });
        } catch (error) {
          waiter.reject(error);
        }
      }
      this.#waiters.shift();
    }
  }

  #close(): void {
    this.#ended = true;
    this.#deliver();
  }

  #fail(reason: RpcError): void {
    if (this.#ended) return;
    this.#failure ??= reason;
    this.#deliver();
  }
}

/**
 * Node's http2 client cancels by a half-close with a reset some 0.3 milliseconds after it, and grpc-js and connect-node are made of it. A
 * handler must not take half a stream for a whole one: for those peers, the end is believed in once no reset has come with it.
 */
function mayCancelByHalfClose({ metadata, peer }: Call): boolean {
  if (peer === inProcessPeer) return false;
  const [userAgent = ""] = metadata.get("user-agent");
  return /grpc-node|connect-es|^$/.test(String(userAgent));
}

const resetWithinMs = 5;
