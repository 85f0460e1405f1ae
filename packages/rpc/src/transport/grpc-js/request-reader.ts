// The requests of a stream of grpc-js, one for each that is asked for.
import type { Metadata, ServerDuplexStream, ServerReadableStream } from "@grpc/grpc-js";
import type { ServerListener } from "../server.ts";

type Readable = ServerReadableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

export class RequestReader {
  readonly #readable: Readable;
  readonly #listener: ServerListener;
  /** Requests that were asked for, and have not come. */
  #wanted = 0;
  #scheduled = false;
  #over = false;

  constructor(readable: Readable, listener: ServerListener, metadata: Metadata) {
    this.#readable = readable;
    this.#listener = listener;
    readable.on("readable", () => this.#deliver());
    readable.on("end", () => {
      // Then a look at the socket: a reset may have come, and nobody has read it. Node says "end" of a stream that was reset, too.
      const look = () => setImmediate(() => setImmediate(() => this.#halfClose()));
      if (mayCancelByHalfClose(metadata)) setTimeout(look, resetWithinMs);
      else look();
    });
  }

  pull(): void {
    this.#wanted++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Never within the caller's own call.
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  close(): void {
    this.#over = true;
    // What the caller still sends is dropped, so that the stream can end.
    this.#readable.removeAllListeners("readable").resume();
  }

  #deliver(): void {
    while (this.#wanted > 0 && !this.#over) {
      const request: Buffer | null = this.#readable.read();
      if (request === null) return;
      this.#wanted--;
      this.#listener.onMessage(request, false);
    }
    // The end is told without being asked for.
    if (!this.#over && this.#readable.readableLength === 0) this.#readable.read(0);
  }

  #halfClose(): void {
    if (!this.#over) this.#listener.onHalfClose();
  }
}

/**
 * Node's http2 client cancels by a half-close with a reset some 0.3 milliseconds after it, and grpc-js and connect-node are made of it. A
 * handler must not take half a stream for a whole one: for those peers, the end is believed in once no reset has come with it.
 */
function mayCancelByHalfClose(metadata: Metadata): boolean {
  const [userAgent = ""] = metadata.get("user-agent");
  return /grpc-node|connect-es|^$/.test(String(userAgent));
}

const resetWithinMs = 5;
