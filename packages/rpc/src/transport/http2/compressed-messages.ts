// The messages of a call that are compressed: in other threads, several at once, and sent in their order.
import type { Stream } from "@grpc-study/http2";
import { type Compression, compress } from "../../protocol/compression.ts";
import { writeMessage } from "./write-message.ts";

/** Bytes of messages that may wait for their compression before there is no room. */
const window = 64 * 1024;

export class CompressedMessages {
  readonly #stream: Stream;
  readonly #compression: Compression;
  readonly #onRoom: () => void;
  #last: Promise<void> = Promise.resolve();
  #bytes = 0;

  /** @param onRoom called when there is room after `send` has returned false, as far as compression goes. */
  constructor(stream: Stream, compression: Compression, onRoom: () => void) {
    this.#stream = stream;
    this.#compression = compression;
    this.#onRoom = onRoom;
  }

  get hasRoom(): boolean {
    return this.#bytes < window;
  }

  send(message: Buffer, compressed: boolean, end: boolean): boolean {
    this.#bytes += message.length;
    const ready = compressed ? compress(message, this.#compression) : message;
    this.#last = this.#write(this.#last, message, ready, end);
    return this.hasRoom;
  }

  async #write(earlier: Promise<void>, message: Buffer, ready: Buffer | Promise<Buffer>, end: boolean): Promise<void> {
    const bytes = await ready;
    await earlier;
    const full = !this.hasRoom;
    this.#bytes -= message.length;
    const room = writeMessage(this.#stream, bytes, bytes !== message, end);
    if (full && room && this.hasRoom) this.#onRoom();
  }

  /** Resolves once all that was sent has been written. */
  get written(): Promise<void> {
    return this.#last;
  }
}
