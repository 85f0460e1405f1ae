// The responses of a call. Splits the received bytes into messages, decompresses them, delivers
// them as they are pulled, and then credits them to the server.
import type { Stream } from "@grpc-study/http2";
import type { MessageLimits } from "../../../limits/limits.ts";
import { Code } from "../../../protocol/code.ts";
import { type Compression, type DecompressFailure, decompress, isCompression } from "../../../protocol/compression.ts";
import { MessageReader, MessageTooLarge } from "../../../protocol/message-reader.ts";
import type { Status } from "../../../protocol/status.ts";
import { LocalStatus } from "./end-status.ts";

const prefix = 5;

/** Receives the responses. */
export interface ResponseSink {
  /** @param wireBytes the size of the message as it arrived, without its prefix. */
  onResponse(message: Buffer, compressed: boolean, wireBytes: number): void;
  /** A response cannot be read. No callback follows. */
  onFault(status: Status): void;
  /** All messages that were pulled and have arrived are delivered. */
  onDelivered(): void;
}

export class Responses {
  readonly #stream: Stream;
  readonly #reader: MessageReader;
  readonly #sink: ResponseSink;
  readonly #path: string;
  readonly #limit: number;
  /** The response's `grpc-encoding`. */
  readonly #encoding: string;
  /** The number of pulled messages that have not been delivered. */
  #pulled: number;
  /** Received bytes without credit. */
  #held = 0;
  /** Bytes of the current message that have been credited. */
  #credited = 0;
  #closed = false;
  /** Whether messages are being delivered, or the next one is being decompressed. */
  busy = false;
  /** Whether a message has been delivered. */
  begun = false;

  /** @param pulled how many messages have been pulled. */
  constructor(stream: Stream, sink: ResponseSink, path: string, encoding: string, limits: MessageLimits, pulled: number) {
    this.#stream = stream;
    this.#reader = new MessageReader(limits.maxReceiveMessageBytes);
    this.#sink = sink;
    this.#path = path;
    this.#encoding = encoding;
    this.#limit = limits.maxReceiveMessageBytes;
    this.#pulled = pulled;
  }

  push(data: Buffer): void {
    const first = this.empty;
    this.#held += data.length;
    this.#reader.push(data);
    if (!this.busy) this.#deliver();
    if (first && !this.empty) this.#reader.keep();
  }

  pull(): void {
    this.#pulled++;
    if (!this.busy) this.#deliver();
  }

  /** Stops the delivery and releases the received bytes. */
  close(): void {
    this.#closed = true;
    this.#reader.clear();
  }

  /** Whether all received bytes have been read. */
  get empty(): boolean {
    return this.#reader.unread === 0;
  }

  /** Whether all received bytes belong to delivered messages. */
  get complete(): boolean {
    return this.empty && !this.#reader.inside;
  }

  /**
   * Returns the status for a response that ended with OK but is incomplete or has too many
   * messages.
   */
  incomplete(): Status {
    let left: Buffer | undefined;
    try {
      left = this.#next();
    } catch {
      // Incomplete, too.
    }
    if (left === undefined) return new LocalStatus(Code.INTERNAL, "the response ended in the middle of a message");
    return new LocalStatus(Code.UNIMPLEMENTED, `${this.#path} got more than one response`);
  }

  #deliver(): void {
    this.busy = true;
    while (this.#pulled > 0 && !this.#closed) {
      let message: Buffer | undefined;
      try {
        message = this.#next();
      } catch (error) {
        if (!(error instanceof MessageTooLarge)) throw error;
        const text = `a message of ${this.#path} has ${error.bytes} bytes, and the limit is ${error.limit}`;
        this.#sink.onFault(new LocalStatus(Code.RESOURCE_EXHAUSTED, text, error));
        return;
      }
      if (message === undefined) break;
      this.#pulled--;
      if (!this.#take(message)) return;
    }
    this.busy = false;
    if (!this.#closed) this.#sink.onDelivered();
  }

  /**
   * Returns the next message, and credits it. Also credits the rest of an incomplete message,
   * because the caller waits for it.
   */
  #next(): Buffer | undefined {
    const message = this.#reader.next();
    const credit = message === undefined ? this.#held : prefix + message.length - this.#credited;
    this.#credited = message === undefined ? this.#credited + credit : 0;
    this.#held -= credit;
    this.#stream.credit(credit, this.#reader.missing);
    return message;
  }

  /** Returns whether the next message can be delivered now. */
  #take(message: Buffer): boolean {
    const { flag } = this.#reader;
    const encoding = this.#encoding;
    const known = isCompression(encoding);
    if (flag === 0 && known) {
      this.begun = true;
      this.#sink.onResponse(message, false, message.length);
      return true;
    }
    if (flag === 1 && known && encoding !== "identity") void this.#inflate(message, encoding);
    else this.#sink.onFault(new LocalStatus(Code.INTERNAL, this.#fault(flag)));
    return false;
  }

  #fault(flag: number): string {
    if (flag > 1) return `a message of ${this.#path} has the flag ${flag}, which is neither 0 nor 1`;
    if (this.#encoding === "identity") return `a message of ${this.#path} is compressed, and its grpc-encoding names no compression`;
    return `the response of ${this.#path} is compressed by ${JSON.stringify(this.#encoding.slice(0, 64))}, which is not supported`;
  }

  async #inflate(bytes: Buffer, encoding: Exclude<Compression, "identity">): Promise<void> {
    let message: Buffer;
    try {
      message = await decompress(bytes, encoding, Number.isFinite(this.#limit) ? this.#limit : -1);
    } catch (failure) {
      const { code } = failure as DecompressFailure;
      const text =
        code === Code.RESOURCE_EXHAUSTED
          ? `a message of ${this.#path} decompresses to more bytes than the limit, ${this.#limit}`
          : `a message of ${this.#path} is not valid ${encoding}`;
      if (!this.#closed) this.#sink.onFault(new LocalStatus(code, text));
      return;
    }
    if (this.#closed) return;
    this.begun = true;
    this.#sink.onResponse(message, true, bytes.length);
    this.#deliver();
  }
}
