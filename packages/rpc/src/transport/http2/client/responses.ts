// The responses of a call: cut from the bytes that come, decompressed, delivered as they are asked for, and credited to the server then.
import type { Stream } from "@grpc-study/http2";
import type { MessageLimits } from "../../../limits/limits.ts";
import { Code } from "../../../protocol/code.ts";
import { type Compression, type DecompressFailure, decompress, isCompression } from "../../../protocol/compression.ts";
import { MessageReader, MessageTooLarge } from "../../../protocol/message-reader.ts";
import type { Status } from "../../../protocol/status.ts";
import { LocalStatus } from "./end-status.ts";

const prefix = 5;

/** Who gets the responses. */
export interface ResponseSink {
  onResponse(message: Buffer, compressed: boolean): void;
  /** A response cannot be read. Nothing follows. */
  onFault(status: Status): void;
  /** What has been asked for and has come is delivered. */
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
  /** Messages that were asked for, and have not been delivered. */
  #pulled: number;
  /** Bytes that came and that the server may not replace yet. */
  #held = 0;
  /** Bytes of the message that has begun for which the server has got credit. */
  #credited = 0;
  #closed = false;
  /** Whether messages are being delivered, or the next one is being decompressed. */
  busy = false;
  /** Whether a message has been delivered. */
  begun = false;

  /** @param pulled how many messages have been asked for. */
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

  /** Nothing more is delivered. */
  close(): void {
    this.#closed = true;
    this.#reader.clear();
  }

  /** Whether everything that came has been looked at. */
  get empty(): boolean {
    return this.#reader.unread === 0;
  }

  /** Whether what came has been delivered to the last byte. */
  get complete(): boolean {
    return this.empty && !this.#reader.inside;
  }

  /** Why a response that ended with OK is not whole, or has too much. */
  incomplete(): Status {
    let left: Buffer | undefined;
    try {
      left = this.#next();
    } catch {
      // It is not whole either.
    }
    if (left === undefined) return new LocalStatus(Code.INTERNAL, "the response ended in the middle of a message");
    return new LocalStatus(Code.UNIMPLEMENTED, `${this.#path} was answered with more than one response`);
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

  /** The server gets credit for what this returns, and for all of a message that is not complete, also what has not come: somebody waits for it. */
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
      this.#sink.onResponse(message, false);
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
    } catch (refusal) {
      const { code } = refusal as DecompressFailure;
      const text =
        code === Code.RESOURCE_EXHAUSTED
          ? `a message of ${this.#path} decompresses to more bytes than the limit, ${this.#limit}`
          : `a message of ${this.#path} is not valid ${encoding}`;
      if (!this.#closed) this.#sink.onFault(new LocalStatus(code, text));
      return;
    }
    if (this.#closed) return;
    this.begun = true;
    this.#sink.onResponse(message, true);
    this.#deliver();
  }
}
