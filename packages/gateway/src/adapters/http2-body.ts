// The body of a request on a stream of the HTTP/2 engine.
import { Readable } from "node:stream";
import type { Stream } from "@grpc-study/rpc/transport";

/** Parts below this size are copied, because a part keeps the chunk of the socket alive: 64 KiB. */
const smallPart = 4_096;
const ignore = () => {};

/** Bytes that have arrived, until the body is read. The window of the stream limits them. */
export class ReceivedBytes {
  #parts: Buffer[] = [];
  /** Collects small parts. It is the last one of `#parts`. */
  #tail: Buffer | undefined;
  #tailUsed = 0;
  size = 0;
  /** Whether the request is complete. */
  ended = false;

  add(data: Buffer): void {
    if (data.length === 0) return;
    this.size += data.length;
    if (data.length >= smallPart) {
      this.#seal();
      this.#parts.push(data);
      return;
    }
    if (this.#tail === undefined || this.#tail.length - this.#tailUsed < data.length) {
      this.#seal();
      // Most bodies are one small part.
      this.#tail = Buffer.allocUnsafe(this.#parts.length === 0 ? data.length : smallPart);
      this.#parts.push(this.#tail);
    }
    data.copy(this.#tail, this.#tailUsed);
    this.#tailUsed += data.length;
  }

  /** Removes and returns all bytes. */
  take(): Buffer {
    this.#seal();
    const parts = this.#parts;
    this.#parts = [];
    this.size = 0;
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
  }

  #seal(): void {
    if (this.#tail !== undefined) this.#parts[this.#parts.length - 1] = this.#tail.subarray(0, this.#tailUsed);
    this.#tail = undefined;
    this.#tailUsed = 0;
  }
}

/** Reads received bytes. The client may send as many bytes again once they have been read. */
export class Http2Body extends Readable {
  readonly #stream: Stream;
  readonly #received: ReceivedBytes;
  readonly #onFirstRead: () => void;
  #begun = false;
  /** Whether the consumer waits for bytes. */
  #wanted = false;

  constructor(stream: Stream, received: ReceivedBytes, onFirstRead: () => void) {
    super();
    this.#stream = stream;
    this.#received = received;
    this.#onFirstRead = onFirstRead;
    // A consumer that has lost interest has no listener.
    this.on("error", ignore);
  }

  /** Bytes have arrived, or the end. */
  receive(data: Buffer): void {
    const received = this.#received;
    if (!this.#wanted || this.destroyed) received.add(data);
    else if (data.length > 0) {
      this.#wanted = false;
      this.#stream.credit(data.length);
      this.push(data);
    }
    if (received.ended && this.#wanted) this.push(null);
  }

  override _read(): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#onFirstRead();
    }
    const received = this.#received;
    this.#wanted = received.size === 0;
    if (!this.#wanted) {
      this.#stream.credit(received.size);
      this.push(received.take());
    } else if (received.ended) this.push(null);
  }

  /** The client went away before the end of the body. */
  cutOff(): void {
    if (!this.#received.ended) this.destroy(new Error("the client went away before the end of the body"));
  }
}
