// Messages of a stream that are compressed: in other threads, one after the other, and sent in their order.
import type { Stream } from "@grpc-study/http2";
import { type Compression, compress } from "../../protocol/compression.ts";
import { MessageQueue } from "../../protocol/message-queue.ts";
import { writeMessage } from "./write-message.ts";

export class CompressedMessages {
  readonly #stream: Stream;
  readonly #compression: Compression;
  readonly #onRoom: () => void;
  readonly #queue = new MessageQueue();
  #busy = false;
  #whenWritten: (() => void) | undefined;

  /** @param onRoom called when all that was sent has been written, and the stream has room for more. */
  constructor(stream: Stream, compression: Compression, onRoom: () => void) {
    this.#stream = stream;
    this.#compression = compression;
    this.#onRoom = onRoom;
  }

  /** Whether messages wait here. */
  get busy(): boolean {
    return this.#busy;
  }

  send(message: Buffer, compressed: boolean): void {
    this.#queue.push(message, compressed);
    if (!this.#busy) void this.#run();
  }

  /** Calls back once all that was sent has been written. */
  whenWritten(callback: () => void): void {
    if (this.#busy) this.#whenWritten = callback;
    else callback();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    let room = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { bytes, compressed } = next;
      const ready = compressed ? await compress(bytes, this.#compression) : bytes;
      if (this.#stream.closed) {
        this.#queue.clear();
        break;
      }
      room = writeMessage(this.#stream, ready, ready !== bytes);
    }
    this.#busy = false;
    if (this.#whenWritten !== undefined) this.#whenWritten();
    else if (room) this.#onRoom();
  }
}
