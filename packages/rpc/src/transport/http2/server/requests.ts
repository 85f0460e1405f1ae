// The requests of a call. Splits the received bytes into messages, and delivers them as they are
// pulled. Bytes that are not pulled stay as they arrived, and the client gets no credit for them,
// so a slow handler slows its caller.
import type { Stream } from "@grpc-study/http2";
import { Code } from "../../../protocol/code.ts";
import { type DecompressFailure, decompress } from "../../../protocol/compression.ts";
import { cut, MessageReader } from "../../../protocol/message-reader.ts";
import type { RequestHead } from "./request-head.ts";

const prefix = 5;

/** Receives the requests. */
export interface Receiver {
  /** Whether the call has ended, so that no more requests are delivered. */
  readonly ended: boolean;
  /**
   * @param start where the message begins in the buffer. If it is not 0, the buffer is borrowed.
   * @param wireBytes the size of the message as it arrived, without its prefix.
   */
  onRequest(message: Buffer, compressed: boolean, start: number, wireBytes: number): void;
  /** The client has half-closed, and all requests have been delivered. */
  onRequestsEnd(): void;
  /** Reports how many received bytes have not been delivered. */
  onPending(bytes: number): void;
  /** Ends the call. */
  abort(code: Code, message: string): void;
}

export class Requests {
  readonly #stream: Stream;
  readonly #head: RequestHead;
  readonly #receiver: Receiver;
  readonly #limit: number;
  readonly #reader: MessageReader;
  /** The number of pulled messages that have not been delivered. */
  #wanted = 0;
  #reading = false;
  /** Received bytes without credit. */
  #held = 0;
  /** The size of the request that is being decompressed, while later ones wait; -1 for none. */
  #inflating = -1;
  #ended = false;
  /**
   * The number of requests at the last `isLate` that waited for the client, and the time of its
   * first call with that number.
   */
  #countSeen = -1;
  #seenAt = 0;

  /** @param limit the maximum size of a message in bytes; Infinity for no limit. */
  constructor(stream: Stream, head: RequestHead, receiver: Receiver, limit: number) {
    this.#stream = stream;
    this.#head = head;
    this.#receiver = receiver;
    this.#limit = limit === Number.POSITIVE_INFINITY ? -1 : limit;
    this.#reader = new MessageReader(this.#limit);
  }

  /** Requests further messages. The next `read` delivers them. */
  want(messages: number): void {
    this.#wanted += messages;
  }

  /** @param last whether the client has half-closed. */
  push(data: Buffer, last: boolean): void {
    const idle = this.#reader.unread === 0 && !this.#reader.inside && this.#inflating === -1 && !this.#reading;
    if (idle && !last && this.#wanted > 0 && isWholeMessage(data, this.#head, this.#limit)) {
      this.#stream.credit(data.length);
      this.#wanted--;
      deliverWhole(this.#receiver, this.#head, data);
      return;
    }
    this.#reader.push(data);
    this.#held += data.length;
    if (last) this.#ended = true;
    this.read();
  }

  /** Delivers received messages as far as they are pulled. */
  read(): void {
    if (this.#reader.unread > 0 || this.#ended) this.#read();
  }

  #read(): void {
    const reader = this.#reader;
    const receiver = this.#receiver;
    if (this.#reading || receiver.ended) return;
    this.#reading = true;
    while (this.#wanted > 0 && this.#inflating === -1 && !receiver.ended) {
      const message = this.#next();
      if (message === undefined) break;
      this.#open(message, reader.flag);
    }
    this.#reading = false;
    if (receiver.ended) return;
    if (this.#held > reader.unread) {
      this.#stream.credit(this.#held - reader.unread, this.#wanted > 0 ? reader.missing : 0);
      this.#held = reader.unread;
    }
    if (reader.unread > 0) reader.keep();
    if (!this.#ended || reader.unread > 0 || this.#inflating !== -1) receiver.onPending(reader.bytes + Math.max(this.#inflating, 0));
    else if (reader.inside) receiver.abort(Code.INTERNAL, "the request ended in the middle of a message");
    else receiver.onRequestsEnd();
  }

  /**
   * Returns whether the client has taken longer than the timeout for a message. A stream may be
   * silent between messages.
   */
  isLate(timeoutMs: number, now: number): boolean {
    const { inside, count } = this.#reader;
    // Messages that wait for the handler do not count.
    const waits = this.#wanted > 0 && this.#inflating === -1 && !this.#ended && (inside || !this.#head.method.requestStream);
    if (!waits) this.#countSeen = -1;
    else if (this.#countSeen !== count) {
      this.#countSeen = count;
      this.#seenAt = now;
    } else return now - this.#seenAt > timeoutMs;
    return false;
  }

  #next(): Buffer | undefined {
    try {
      return this.#reader.next();
    } catch (error) {
      this.#receiver.abort(Code.RESOURCE_EXHAUSTED, (error as Error).message);
      return undefined;
    }
  }

  #open(bytes: Buffer, flag: number): void {
    const { compression, encoding } = this.#head;
    const receiver = this.#receiver;
    if (flag > 1) receiver.abort(Code.INTERNAL, `Received message with the flag ${flag}, which is neither 0 nor 1`);
    // compression.md: the server must tell the caller which compressions it supports. The header of
    // each response does.
    else if (compression === undefined) {
      receiver.abort(
        Code.UNIMPLEMENTED,
        `Received message compressed with ${JSON.stringify(encoding.slice(0, 64))}, which is not supported`,
      );
    } else if (flag === 0) this.#deliver(bytes, false, bytes.length);
    else if (compression === "identity") {
      receiver.abort(Code.INTERNAL, "Received compressed message, but grpc-encoding names no compression");
    } else {
      this.#inflating = bytes.length;
      void this.#inflate(bytes, compression);
    }
  }

  async #inflate(bytes: Buffer, compression: "gzip" | "deflate"): Promise<void> {
    const outcome = await decompress(bytes, compression, this.#limit).catch((failure: DecompressFailure) => failure);
    this.#inflating = -1;
    if (this.#receiver.ended) return;
    if (Buffer.isBuffer(outcome)) this.#deliver(outcome, true, bytes.length);
    else this.#receiver.abort(outcome.code, outcome.details);
    this.#read();
  }

  #deliver(message: Buffer, compressed: boolean, wireBytes: number): void {
    this.#wanted--;
    this.#receiver.onRequest(message, compressed, 0, wireBytes);
  }
}

/** @param limit the maximum size of the message in bytes; -1 for no limit. */
export function isWholeMessage(data: Buffer, { compression }: RequestHead, limit: number): boolean {
  const length = data.length - prefix;
  return length >= 0 && data[0] === 0 && data.readUInt32BE(1) === length && (length <= limit || limit === -1) && compression !== undefined;
}

/** Delivers data that is exactly one uncompressed message. */
export function deliverWhole(receiver: Pick<Receiver, "onRequest">, { method }: RequestHead, data: Buffer): void {
  // A message that fills most of its buffer may share it.
  const length = data.length - prefix;
  if (method.borrows === true && data.buffer.byteLength > 2 * data.length) receiver.onRequest(data, false, prefix, length);
  else receiver.onRequest(cut(data, prefix, data.length), false, 0, length);
}
