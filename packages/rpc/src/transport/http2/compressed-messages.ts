// The compressed messages of a call. Compression runs in other threads, several messages at once.
// Messages are sent in order.
import type { Stream } from "@grpc-study/http2";
import { type Compression, compress } from "../../protocol/compression.ts";
import { type MessageObserver, tellSent } from "../message-size.ts";
import { writeMessage } from "./write-message.ts";

/** How many bytes of messages may be queued for compression before there is no more room. */
const window = 64 * 1024;

export class CompressedMessages {
  readonly #stream: Stream;
  readonly #compression: Compression;
  readonly #onRoom: () => void;
  readonly #observer: () => MessageObserver | undefined;
  #last: Promise<void> = Promise.resolve();
  #bytes = 0;

  /**
   * @param onRoom called when compression has room again after `send` has returned false.
   * @param observer returns what observes the messages, which may come later.
   */
  constructor(stream: Stream, compression: Compression, onRoom: () => void, observer: () => MessageObserver | undefined) {
    this.#stream = stream;
    this.#compression = compression;
    this.#onRoom = onRoom;
    this.#observer = observer;
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
    if (!this.#stream.closed) tellSent(this.#observer(), message.length, bytes.length);
    const room = writeMessage(this.#stream, bytes, bytes !== message, end);
    if (full && room && this.hasRoom) this.#onRoom();
  }

  /** Resolves once all messages have been written. */
  get written(): Promise<void> {
    return this.#last;
  }
}
