// Reads the requests of a grpc-js stream, one for each that is requested.
import type { Metadata, ServerDuplexStream, ServerReadableStream } from "@grpc/grpc-js";
import { type MessageObserver, tellReceived } from "../message-size.ts";
import type { ServerListener } from "../server.ts";

type Readable = ServerReadableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

export class RequestReader {
  readonly #readable: Readable;
  readonly #listener: ServerListener;
  /** What observes the requests. */
  observer: MessageObserver | undefined;
  /** The number of requested messages that have not arrived. */
  #wanted = 0;
  #scheduled = false;
  #over = false;

  constructor(readable: Readable, listener: ServerListener, metadata: Metadata) {
    this.#readable = readable;
    this.#listener = listener;
    readable.on("readable", () => this.#deliver());
    readable.on("end", () => {
      // Lets the loop read the socket first, because a reset may be unread. Node emits "end" for a
      // reset stream, too.
      const halfClose = () => setImmediate(() => setImmediate(() => this.#halfClose()));
      if (mayCancelByHalfClose(metadata)) setTimeout(halfClose, resetWithinMs);
      else halfClose();
    });
  }

  pull(): void {
    this.#wanted++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Not synchronously: the caller must not be called back within `pull`.
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  close(): void {
    this.#over = true;
    // Drops what the caller still sends, so that the stream can end.
    this.#readable.removeAllListeners("readable").resume();
  }

  #deliver(): void {
    while (this.#wanted > 0 && !this.#over) {
      const request: Buffer | null = this.#readable.read();
      if (request === null) return;
      this.#wanted--;
      tellReceived(this.observer, request.length, undefined);
      this.#listener.onMessage(request, false);
    }
    // Triggers the "end" event, which needs no further pull.
    if (!this.#over && this.#readable.readableLength === 0) this.#readable.read(0);
  }

  #halfClose(): void {
    if (!this.#over) this.#listener.onHalfClose();
  }
}

/**
 * Whether the caller may cancel with a half-close. Node's http2 client cancels a call with a
 * half-close and a reset about 0.3 milliseconds later, and grpc-js and connect-node use it. A
 * handler must not take half a stream for a complete one. For these peers, a half-close counts once
 * no reset has followed.
 */
function mayCancelByHalfClose(metadata: Metadata): boolean {
  const [userAgent = ""] = metadata.get("user-agent");
  return /grpc-node|connect-es|^$/.test(String(userAgent));
}

const resetWithinMs = 5;
