// The responses of a call that have come and were not asked for yet, as the bytes that came.
import type { Stream } from "@grpc-study/http2";
import { MessageReader } from "../../../protocol/message-reader.ts";

export class Responses {
  readonly #stream: Stream;
  readonly #reader: MessageReader;
  /** What came after what the reader has. */
  #parts: Buffer[] | undefined;
  #nextPart = 0;
  /** Whether the reader may have a message, or a part of one, that it has not looked at. */
  #unread = false;
  /** Bytes that came and that the server may not replace yet. */
  #held = 0;
  /** Bytes of the message that has begun for which the server was given credit. */
  #credited = 0;

  /** @param limit the most bytes of a message; -1 for any. */
  constructor(stream: Stream, limit: number) {
    this.#stream = stream;
    this.#reader = new MessageReader(limit);
  }

  push(data: Buffer): void {
    this.#held += data.length;
    if (!this.#unread) {
      this.#reader.push(data);
      this.#unread = true;
      return;
    }
    // A view keeps all that the socket read with it alive.
    const part = data.buffer.byteLength > 2 * data.length ? Buffer.from(data) : data;
    if (this.#parts === undefined) this.#parts = [part];
    else this.#parts.push(part);
  }

  /**
   * The next message, with its prefix. The server gets credit for it, and for the part of a message that has come: somebody waits for it.
   * @throws MessageTooLarge
   */
  next(): Buffer | undefined {
    while (this.#unread) {
      const message = this.#reader.next();
      if (message !== undefined) {
        const credit = message.length - this.#credited;
        this.#credited = 0;
        this.#held -= credit;
        this.#stream.credit(credit);
        return message;
      }
      this.#unread = this.#nextPart < (this.#parts?.length ?? 0);
      if (!this.#unread) break;
      this.#reader.push((this.#parts as Buffer[])[this.#nextPart++] as Buffer);
      if (this.#nextPart === this.#parts?.length) {
        this.#parts = undefined;
        this.#nextPart = 0;
      }
    }
    this.#stream.credit(this.#held);
    this.#credited += this.#held;
    this.#held = 0;
    return undefined;
  }

  /** Whether everything that came has been looked at. */
  get empty(): boolean {
    return !this.#unread;
  }

  /** Whether what came has been delivered, to the last byte. */
  get complete(): boolean {
    return !this.#unread && !this.#reader.inside;
  }

  /** Whether what is left is no whole message. Takes it. */
  takeCutOff(): boolean {
    try {
      return this.next() === undefined;
    } catch {
      return true;
    }
  }
}
