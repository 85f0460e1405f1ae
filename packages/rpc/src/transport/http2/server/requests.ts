// The requests of a call, from the bytes that come to the messages that are asked for. What nobody has asked for stays as bytes, and
// the client gets no credit for it: a slow handler stops its caller.
import type { Stream } from "@grpc-study/http2";
import { Code } from "../../../protocol/code.ts";
import { type DecompressFailure, decompress } from "../../../protocol/compression.ts";
import { cut, MessageReader } from "../../../protocol/message-reader.ts";
import type { RequestHead } from "./request-head.ts";

const prefix = 5;

/** Who gets the requests. */
export interface Receiver {
  /** Whether the call is over: nothing is delivered any more. */
  readonly ended: boolean;
  onRequest(message: Buffer, compressed: boolean): void;
  /** The client has sent its last request, and it has been delivered. */
  onRequestsEnd(): void;
  /** How many bytes are here, and not the handler's yet. */
  onPending(bytes: number): void;
  /** Ends the call. */
  refuse(code: Code, message: string): void;
}

export class Requests {
  readonly #stream: Stream;
  readonly #head: RequestHead;
  readonly #receiver: Receiver;
  readonly #limit: number;
  readonly #reader: MessageReader;
  /** How many more may be delivered. */
  #wanted = 0;
  #reading = false;
  /** Bytes that came, and that the client may not replace yet. */
  #held = 0;
  /** The bytes of the request that is being decompressed, while those after it wait; -1 for none. */
  #inflating = -1;
  #ended = false;
  /** How many requests had come when the clock looked, and since when. */
  #countSeen = -1;
  #seenAt = 0;

  /** @param limit the most bytes of a message; Infinity for any. */
  constructor(stream: Stream, head: RequestHead, receiver: Receiver, limit: number) {
    this.#stream = stream;
    this.#head = head;
    this.#receiver = receiver;
    this.#limit = limit === Number.POSITIVE_INFINITY ? -1 : limit;
    this.#reader = new MessageReader(this.#limit);
  }

  /** Asks for more. Nothing is delivered before the next `read`. */
  want(messages: number): void {
    this.#wanted += messages;
  }

  /** @param last whether the client sends no more. */
  push(data: Buffer, last: boolean): void {
    this.#reader.push(data);
    this.#held += data.length;
    if (last) this.#ended = true;
    this.read();
  }

  /** Delivers what has come, as far as it is wanted. */
  read(): void {
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
    else if (reader.inside) receiver.refuse(Code.INTERNAL, "the request ended in the middle of a message");
    else receiver.onRequestsEnd();
  }

  /** Whether the client has owed the rest of a message for longer than it may. A stream may be silent between messages. */
  isLate(timeoutMs: number, now: number): boolean {
    const { inside, count } = this.#reader;
    // What waits for the handler does not wait for the client.
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
      this.#receiver.refuse(Code.RESOURCE_EXHAUSTED, (error as Error).message);
      return undefined;
    }
  }

  #open(bytes: Buffer, flag: number): void {
    const { compression, encoding } = this.#head;
    const receiver = this.#receiver;
    if (flag > 1) receiver.refuse(Code.INTERNAL, `Received message with the flag ${flag}, which is neither 0 nor 1`);
    // compression.md: the caller has to learn which compressions are supported. Each response's header says it.
    else if (compression === undefined) {
      receiver.refuse(
        Code.UNIMPLEMENTED,
        `Received message compressed with ${JSON.stringify(encoding.slice(0, 64))}, which is not supported`,
      );
    } else if (flag === 0) this.#deliver(bytes, false);
    else if (compression === "identity") {
      receiver.refuse(Code.INTERNAL, "Received compressed message, but grpc-encoding names no compression");
    } else {
      this.#inflating = bytes.length;
      void this.#inflate(bytes, compression);
    }
  }

  async #inflate(bytes: Buffer, compression: "gzip" | "deflate"): Promise<void> {
    const outcome = await decompress(bytes, compression, this.#limit).catch((refusal: DecompressFailure) => refusal);
    this.#inflating = -1;
    if (this.#receiver.ended) return;
    if (Buffer.isBuffer(outcome)) this.#deliver(outcome, true);
    else this.#receiver.refuse(outcome.code, outcome.details);
    this.read();
  }

  #deliver(message: Buffer, compressed: boolean): void {
    this.#wanted--;
    this.#receiver.onRequest(message, compressed);
  }
}

/** The message that the data is, from its beginning to its end; undefined if it is another thing, or compressed. */
export function wholeMessage(data: Buffer, { compression }: RequestHead, limit: number): Buffer | undefined {
  const length = data.length - prefix;
  if (length < 0 || length > limit || data[0] !== 0 || data.readUInt32BE(1) !== length || compression === undefined) return undefined;
  return cut(data, prefix, data.length);
}
