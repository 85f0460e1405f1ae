// The responses of a call that have come, and the credit that its server gets for them.
import type { Stream } from "@grpc-study/http2";
import { MessageReader } from "../../../protocol/message-reader.ts";

export class Responses {
  readonly #stream: Stream;
  readonly #reader: MessageReader;
  /** Bytes that came and that the server may not replace yet. */
  #held = 0;
  /** Bytes of the message that has begun for which the server has got credit. */
  #credited = 0;

  /** @param limit the most bytes of a message. */
  constructor(stream: Stream, limit: number) {
    this.#stream = stream;
    this.#reader = new MessageReader(limit);
  }

  push(data: Buffer): void {
    this.#held += data.length;
    this.#reader.push(data);
  }

  /** What has just been pushed to an empty queue stays unread. */
  keep(): void {
    this.#reader.keep();
  }

  /**
   * The next message, with its prefix; undefined if it is not complete. The server gets credit for what this returns, and for all of a message that is not complete:
   * somebody waits for it.
   * @throws MessageTooLarge
   */
  next(): Buffer | undefined {
    const message = this.#reader.next();
    const credit = message === undefined ? this.#held : message.length - this.#credited;
    this.#credited = message === undefined ? this.#credited + credit : 0;
    this.#held -= credit;
    this.#stream.credit(credit);
    return message;
  }

  /** Whether everything that came has been looked at. */
  get empty(): boolean {
    return this.#reader.unread === 0;
  }

  /** Whether what came has been returned to the last byte. */
  get complete(): boolean {
    return this.empty && !this.#reader.inside;
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
