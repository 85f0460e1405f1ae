// One call on its HTTP/2 stream: the end that a handler has of it.
//
// Nothing is made for a call that it may not need: a unary call whose request comes in one piece takes one object.
import type { Stream, StreamHandler, StreamReset } from "@grpc-study/http2";
import { LongTimer } from "../../../long-timer.ts";
import { Code } from "../../../protocol/code.ts";
import { accepts, type Compression, decompress, type Refusal } from "../../../protocol/compression.ts";
import { MessageReader } from "../../../protocol/message-reader.ts";
import type { Metadata } from "../../../protocol/metadata.ts";
import type { Status } from "../../../protocol/status.ts";
import type { ClientCertificate } from "../../../security/peer-certificate.ts";
import type { ServerListener, ServerStream } from "../../server.ts";
import { CompressedMessages } from "../compressed-messages.ts";
import { writeMessage } from "../write-message.ts";
import type { RequestHead } from "./request-head.ts";
import { endResponse, headerOf } from "./responses.ts";
import type { ReceivingCall, ServerConnection } from "./server-connection.ts";

const prefix = 5;

/** How long a client that is made of Node's http2 has to reset what it has half-closed. Milliseconds. */
const resetWithinMs = 5;

export class CallStream implements ServerStream, StreamHandler, ReceivingCall {
  readonly #stream: Stream;
  readonly #head: RequestHead;
  readonly #connection: ServerConnection;
  readonly deadline: number;
  /** The deadline by a clock that nobody sets. */
  readonly #timeUpAt: number;
  #timer: LongTimer | undefined = undefined;
  #listener: ServerListener | undefined = undefined;
  #reader: MessageReader | undefined = undefined;
  /** How many more requests may be delivered. */
  #wanted = 0;
  #reading = false;
  /** Bytes that came, and that the client may not replace yet. */
  #held = 0;
  /** The bytes of the request that is being decompressed; those after it wait. -1: none. */
  #inflating = -1;
  /** The only request, until it is known to be the only one. */
  #request: Buffer | undefined = undefined;
  #requestCompressed = false;
  #requestsEnded = false;
  /** Whether all requests have been delivered. */
  #complete = false;
  #headerSent = false;
  #compressed: CompressedMessages | undefined = undefined;
  /** Whether its status has been given, or never will be. */
  #ended = false;
  pendingBytes = 0;
  /** How many requests had come when the clock looked, and since when. */
  #countSeen = -1;
  #seenAt = 0;
  previous: ReceivingCall | undefined = undefined;
  next: ReceivingCall | undefined = undefined;

  constructor(stream: Stream, head: RequestHead, connection: ServerConnection) {
    this.#stream = stream;
    this.#head = head;
    this.#connection = connection;
    if (head.timeoutMs === Number.POSITIVE_INFINITY) {
      this.deadline = Number.POSITIVE_INFINITY;
      this.#timeUpAt = Number.POSITIVE_INFINITY;
    } else {
      this.deadline = Date.now() + head.timeoutMs;
      this.#timeUpAt = performance.now() + head.timeoutMs;
    }
  }

  /** The header has come; with `endStream` nothing follows. */
  start(endStream: boolean): void {
    const { method, timeoutMs } = this.#head;
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      if (timeoutMs <= 0) {
        this.#timeUp();
        return;
      }
      this.#timer = new LongTimer(() => this.#timeUp(), timeoutMs);
    }
    this.#connection.receiving.add(this);
    // Interceptors may refuse the call by its header: nothing of the body is kept before they are done.
    if (method.early || method.requestStream) this.#listener = method.open(this);
    else this.#wanted = Number.POSITIVE_INFINITY;
    if (endStream) this.onData(nothing, true);
  }

  // The handler's side.

  get metadata(): Metadata {
    return this.#head.metadata();
  }

  get peer(): string {
    return this.#connection.peer;
  }

  get clientCertificate(): ClientCertificate | undefined {
    return this.#connection.clientCertificate;
  }

  accepts(compression: Compression): boolean {
    return accepts(this.#head.acceptEncoding, compression);
  }

  pull(): void {
    if (this.#head.method.requestStream) this.#wanted++;
    // The only request is delivered when it is complete.
    else this.#wanted = Number.POSITIVE_INFINITY;
    if (this.#reader !== undefined && this.#listener !== undefined) this.#read();
  }

  sendHeader(header: Metadata | undefined, compression: Compression): void {
    if (this.#headerSent || this.#ended) return;
    const list = headerOf(this.#stream, header, compression);
    if (typeof list === "string") {
      this.#cut(Code.INTERNAL, list);
      return;
    }
    this.#headerSent = true;
    if (compression !== "identity") this.#compressed = new CompressedMessages(this.#stream, compression, () => this.onDrain());
    this.#stream.sendHeaders(list);
  }

  send(message: Buffer, compress: boolean): boolean {
    if (this.#ended) return true;
    const { maxSendMessageBytes } = this.#connection.limits;
    if (message.length > maxSendMessageBytes) {
      this.#cut(Code.RESOURCE_EXHAUSTED, tooLarge(message, maxSendMessageBytes));
      return true;
    }
    if (!this.#headerSent) this.sendHeader(undefined, "identity");
    const compressed = this.#compressed;
    return compressed === undefined ? writeMessage(this.#stream, message, false, false) : compressed.send(message, compress, false);
  }

  end(status: Status | undefined, response: Buffer | undefined, compress: boolean): void {
    if (this.#ended) return;
    const { maxSendMessageBytes } = this.#connection.limits;
    if (response !== undefined && response.length > maxSendMessageBytes) {
      const message = tooLarge(response, maxSendMessageBytes);
      this.end({ code: Code.RESOURCE_EXHAUSTED, message, metadata: undefined }, undefined, false);
      return;
    }
    this.#finish();
    const compressed = this.#compressed;
    if (compressed === undefined) endResponse(this.#stream, this.#headerSent, status, response);
    else {
      if (response !== undefined) compressed.send(response, compress, false);
      void compressed.written.then(() => endResponse(this.#stream, true, status, undefined));
    }
  }

  // The stream's side.

  onData(data: Buffer, endStream: boolean): void {
    if (this.#ended) {
      this.#stream.credit(data.length);
      return;
    }
    if (endStream) this.#requestsEnded = true;
    if (endStream && this.#reader === undefined && this.#wanted === Number.POSITIVE_INFINITY && this.#isWhole(data)) {
      this.#stream.credit(data.length);
      this.#request = copied(data);
      this.#halfClose();
      return;
    }
    this.#reader ??= new MessageReader(this.#maxReceive());
    this.#reader.push(data);
    this.#held += data.length;
    this.#read();
  }

  /** Whether the data is one message that is not compressed, from its beginning to its end. */
  #isWhole(data: Buffer): boolean {
    const length = data.length - prefix;
    return (
      length >= 0 &&
      data[0] === 0 &&
      data.readUInt32BE(1) === length &&
      length <= this.#connection.limits.maxReceiveMessageBytes &&
      this.#head.compression !== undefined
    );
  }

  /** Trailers of a request are the end of it, and nothing else. */
  onTrailers(): void {
    this.onData(nothing, true);
  }

  onReset(reset: StreamReset): void {
    if (this.#ended) return;
    this.#finish();
    const message = reset.source === "connection" ? `the connection was lost: ${reset.message}` : "the caller cancelled the call";
    this.#listener?.onCancel({ code: Code.CANCELLED, message, metadata: undefined });
  }

  onDrain(): void {
    if (!this.#ended && (this.#compressed === undefined || this.#compressed.hasRoom)) this.#listener?.onDrain();
  }

  /** Ends it, if its peer has not sent what it has begun for longer than it may. */
  look(timeoutMs: number, now: number): void {
    const inside = this.#reader?.inside ?? false;
    const count = this.#reader?.count ?? 0;
    const waits = this.#wanted > 0 && this.#inflating === -1 && !this.#requestsEnded;
    // A request that waits for the handler does not wait for its peer. A stream may be silent between messages.
    if (!waits || (this.#head.method.requestStream && !inside)) this.#countSeen = -1;
    else if (this.#countSeen !== count) {
      this.#countSeen = count;
      this.#seenAt = now;
    } else if (now - this.#seenAt > timeoutMs) {
      this.#cut(Code.DEADLINE_EXCEEDED, `the request did not come within ${timeoutMs} ms`);
    }
  }

  exhaust(message: string): void {
    this.#cut(Code.RESOURCE_EXHAUSTED, message);
  }

  /** Delivers what has come, as far as it is wanted. */
  #read(): void {
    const reader = this.#reader;
    if (this.#reading || this.#ended || reader === undefined) return;
    this.#reading = true;
    while (this.#wanted > 0 && this.#inflating === -1 && !this.#ended) {
      const frame = this.#nextFrame(reader);
      if (frame === undefined) break;
      this.#open(frame);
    }
    this.#reading = false;
    if (this.#ended) return;
    if (this.#held > reader.unread) {
      this.#stream.credit(this.#held - reader.unread);
      this.#held = reader.unread;
    }
    if (reader.unread > 0) reader.keep();
    this.#notePending();
    if (this.#requestsEnded && reader.unread === 0 && this.#inflating === -1 && !this.#ended) this.#halfClose();
  }

  #nextFrame(reader: MessageReader): Buffer | undefined {
    try {
      return reader.next();
    } catch (error) {
      this.exhaust((error as Error).message);
      return undefined;
    }
  }

  /** Opens a message with its prefix. */
  #open(frame: Buffer): void {
    const { compression, encoding } = this.#head;
    const flag = frame[0] as number;
    const bytes = frame.subarray(prefix);
    if (flag > 1) this.#cut(Code.INTERNAL, `Received message with the flag ${flag}, which is neither 0 nor 1`);
    // compression.md: the caller has to learn which compressions are supported. Each header says it.
    else if (compression === undefined)
      this.#cut(Code.UNIMPLEMENTED, `Received message compressed with "${encoding}", which is not supported`);
    else if (flag === 0) this.#receive(bytes, false);
    else if (compression === "identity") this.#cut(Code.INTERNAL, "Received compressed message, but grpc-encoding names no compression");
    else {
      this.#inflating = bytes.length;
      void this.#inflate(bytes, compression);
    }
  }

  async #inflate(bytes: Buffer, compression: "gzip" | "deflate"): Promise<void> {
    const outcome = await decompress(bytes, compression, this.#maxReceive()).catch((refusal: Refusal) => refusal);
    this.#inflating = -1;
    if (Buffer.isBuffer(outcome)) this.#receive(outcome, true);
    else this.#cut(outcome.code, outcome.details);
    this.#read();
  }

  #maxReceive(): number {
    const { maxReceiveMessageBytes } = this.#connection.limits;
    return maxReceiveMessageBytes === Number.POSITIVE_INFINITY ? -1 : maxReceiveMessageBytes;
  }

  #receive(message: Buffer, compressed: boolean): void {
    if (this.#ended) return;
    const { requestStream, path } = this.#head.method;
    if (requestStream) {
      this.#wanted--;
      this.#listener?.onMessage(message, compressed);
    } else if (this.#request === undefined) {
      this.#request = message;
      this.#requestCompressed = compressed;
    } else this.#cut(Code.UNIMPLEMENTED, `Received a second request message for ${path}`);
  }

  /** Counts what is here of the requests and not the handler's yet. */
  #notePending(): void {
    const bytes = (this.#reader?.bytes ?? 0) + (this.#complete ? 0 : (this.#request?.length ?? 0)) + Math.max(this.#inflating, 0);
    const more = bytes - this.pendingBytes;
    if (more === 0) return;
    this.pendingBytes = bytes;
    this.#connection.pending.add(more, this);
  }

  /** The client has sent its last, and all of it has been read. */
  #halfClose(): void {
    if (this.#complete) return;
    const { method, mayReset } = this.#head;
    const request = this.#request;
    if (this.#reader?.inside) this.#cut(Code.INTERNAL, "the request ended in the middle of a message");
    else if (!method.requestStream && request === undefined)
      this.#cut(Code.UNIMPLEMENTED, `Received no request message for ${method.path}`);
    else {
      this.#complete = true;
      this.#connection.receiving.delete(this);
      this.#release();
      // On a busy machine the request may be here before the timer.
      if (this.#timeUpAt !== Number.POSITIVE_INFINITY && this.#timeUpAt <= performance.now()) this.#timeUp();
      else if (request === undefined) {
        if (mayReset) this.#halfCloseLater();
        else this.#listener?.onHalfClose();
      } else if (method.early) {
        this.#listener?.onMessage(request, this.#requestCompressed);
        if (!this.#ended) this.#listener?.onHalfClose();
      } else this.#listener = method.answer(this, request, this.#requestCompressed);
    }
  }

  #halfCloseLater(): void {
    const tell = () => {
      if (!this.#ended) this.#listener?.onHalfClose();
    };
    // Then a look at the socket: on a busy machine the reset may have come, and nobody has read it.
    setTimeout(() => setImmediate(() => setImmediate(tell)), resetWithinMs);
  }

  /** Lets go of the requests. */
  #release(): void {
    this.#request = undefined;
    this.#reader = undefined;
    if (this.pendingBytes === 0) return;
    this.#connection.pending.add(-this.pendingBytes, this);
    this.pendingBytes = 0;
  }

  #timeUp(): void {
    this.#cut(Code.DEADLINE_EXCEEDED, "deadline exceeded");
  }

  /** Ends it from this side, whatever its handler does. */
  #cut(code: Code, message: string): void {
    if (this.#ended) return;
    const status = { code, message, metadata: undefined };
    this.#finish();
    const compressed = this.#compressed;
    if (compressed === undefined) endResponse(this.#stream, this.#headerSent, status, undefined);
    else void compressed.written.then(() => endResponse(this.#stream, true, status, undefined));
    this.#listener?.onCancel(status);
  }

  /** There is nothing more to come; the engine discards the rest of the request. */
  #finish(): void {
    this.#ended = true;
    this.#timer?.clear();
    if (!this.#complete) this.#connection.receiving.delete(this);
    this.#release();
  }
}

const nothing = Buffer.alloc(0);

/** The message without its prefix. A small one must not hold on to all that the socket read with it. */
function copied(data: Buffer): Buffer {
  const message = data.subarray(prefix);
  return data.buffer.byteLength <= 2 * message.length ? message : Buffer.from(message);
}

function tooLarge(message: Buffer, limit: number): string {
  return `Sent message larger than max (${message.length} vs. ${limit})`;
}
