// One call on its HTTP/2 stream: the stream for the handler.
//
// Objects that a call may not need are created on demand: a unary call whose request arrives in one
// chunk takes one object.
import { ErrorCode, type Stream, type StreamHandler, type StreamReset } from "@grpc-study/http2";
import { LongTimer } from "../../../long-timer.ts";
import { Code } from "../../../protocol/code.ts";
import { accepts, type Compression } from "../../../protocol/compression.ts";
import type { Metadata } from "../../../protocol/metadata.ts";
import type { Status } from "../../../protocol/status.ts";
import type { ClientCertificate } from "../../../security/peer-certificate.ts";
import { steadyNow } from "../../../steady-clock.ts";
import { type MessageObserver, tellReceived, tellSent } from "../../message-size.ts";
import type { ServerListener, ServerStream } from "../../server.ts";
import { CompressedMessages } from "../compressed-messages.ts";
import { writeMessage } from "../write-message.ts";
import { afterReset } from "./half-close.ts";
import type { RequestHead } from "./request-head.ts";
import { deliverWhole, isWholeMessage, type Receiver, Requests } from "./requests.ts";
import { endResponse, headerOf } from "./responses.ts";
import type { ReceivingCall, ServerConnection } from "./server-connection.ts";

const nothing = Buffer.alloc(0);

export class CallStream implements ServerStream, StreamHandler, Receiver, ReceivingCall {
  readonly #stream: Stream;
  readonly #head: RequestHead;
  readonly #connection: ServerConnection;
  readonly deadline: number;
  #timer: LongTimer | undefined = undefined;
  #listener: ServerListener | undefined = undefined;
  /** The status with which this side ended the call before it had a listener. */
  #endedWith: Status | undefined = undefined;
  /** Undefined until the first bytes of the only request, and if it arrived in one chunk. */
  #requests: Requests | undefined = undefined;
  /** Whether the only request has been pulled. */
  #wanted: boolean;
  /** The only request, until it is known that no other follows. */
  #request: Buffer | undefined = undefined;
  /** Where it begins in its buffer. */
  #requestStart = 0;
  #requestCompressed = false;
  /** Its size, and its size as it arrived. -1 until it has arrived. */
  #requestBytes = -1;
  #requestWireBytes = -1;
  /** Whether all requests have been delivered. */
  #complete = false;
  #headerSent = false;
  #compressed: CompressedMessages | undefined = undefined;
  #observer: MessageObserver | undefined = undefined;
  /** Whether the call has ended here: its status has been sent, or never will be. */
  ended = false;
  pendingBytes = 0;
  isNew = true;
  /** When `checkTimeout` first saw that no byte of the request had arrived. */
  #silentSince = -1;
  previous: ReceivingCall | undefined = undefined;
  next: ReceivingCall | undefined = undefined;

  constructor(stream: Stream, head: RequestHead, connection: ServerConnection) {
    this.#stream = stream;
    this.#head = head;
    this.#connection = connection;
    this.#wanted = !head.method.early;
    const { timeoutMs } = head;
    this.deadline = timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : steadyNow() + timeoutMs;
  }

  /** The header has arrived. With `endStream`, nothing follows. */
  start(endStream: boolean): void {
    const { method, timeoutMs } = this.#head;
    this.#connection.socket.streamBegins();
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      if (timeoutMs <= 0) {
        this.#timeUp();
        return;
      }
      this.#timer = new LongTimer(() => this.#timeUp(), timeoutMs);
    }
    this.#connection.receiving.add(this);
    if (method.requestStream) {
      this.#requests = this.#newRequests();
      this.#opened(method.open(this));
    } else if (method.early) this.#connection.openLater();
    if (endStream) this.onData(nothing, true);
  }

  /** Interceptors may reject a call by its header, so its body is not read before they ask for it. */
  open(): void {
    const { method } = this.#head;
    // `start()` has opened a call with a stream of requests.
    if (!method.early || method.requestStream || this.ended || this.#listener !== undefined) return;
    this.#opened(method.open(this));
    if (this.#wanted) this.#requests?.read();
  }

  #opened(listener: ServerListener): void {
    this.#listener = listener;
    if (this.#endedWith !== undefined) listener.onCancel(this.#endedWith);
  }

  #newRequests(): Requests {
    return new Requests(this.#stream, this.#head, this, this.#connection.limits.maxReceiveMessageBytes);
  }

  // Called by the handler.

  get metadata(): Metadata {
    return this.#head.metadata();
  }

  get head(): { memo: unknown } {
    return this.#head;
  }

  get path(): string {
    return this.#head.method.path;
  }

  get peer(): string {
    return this.#connection.peer;
  }

  get authority(): string {
    return this.#head.authority;
  }

  get secure(): boolean {
    return this.#connection.secure;
  }

  get clientCertificate(): ClientCertificate | undefined {
    return this.#connection.clientCertificate;
  }

  get requestCompression(): Compression {
    return this.#head.compression ?? "identity";
  }

  accepts(compression: Compression): boolean {
    return accepts(this.#head.acceptEncoding, compression);
  }

  observe(observer: MessageObserver): void {
    this.#observer = observer;
    if (this.#requestBytes !== -1) tellReceived(observer, this.#requestBytes, this.#requestWireBytes);
  }

  get written(): Promise<void> | undefined {
    return this.#compressed?.written;
  }

  pull(): void {
    const requests = this.#requests;
    this.#wanted = true;
    if (requests === undefined || this.ended) return;
    // The only request is delivered once it is complete, and it is known that no other follows.
    requests.want(this.#head.method.requestStream ? 1 : Number.POSITIVE_INFINITY);
    if (this.#listener !== undefined) requests.read();
  }

  sendHeader(header: Metadata | undefined, compression: Compression): void {
    if (this.#headerSent || this.ended) return;
    const list = headerOf(this.#stream, header, compression);
    if (typeof list === "string") {
      this.abort(Code.INTERNAL, list);
      return;
    }
    this.#headerSent = true;
    if (compression !== "identity") {
      this.#compressed = new CompressedMessages(
        this.#stream,
        compression,
        () => this.onDrain(),
        () => this.#observer,
      );
    }
    this.#stream.sendHeaders(list);
  }

  send(message: Buffer, compress: boolean): boolean {
    if (this.ended) return true;
    const { maxSendMessageBytes } = this.#connection.limits;
    if (message.length > maxSendMessageBytes) {
      this.abort(Code.RESOURCE_EXHAUSTED, tooLarge(message, maxSendMessageBytes));
      return true;
    }
    if (!this.#headerSent) this.sendHeader(undefined, "identity");
    this.#connection.socket.messageSent();
    if (this.#compressed !== undefined) return this.#compressed.send(message, compress, false);
    tellSent(this.#observer, message.length, message.length);
    return writeMessage(this.#stream, message, false, false);
  }

  end(status: Status | undefined, response: Buffer | undefined, compress: boolean): void {
    if (this.ended) return;
    const { maxSendMessageBytes } = this.#connection.limits;
    if (response !== undefined && response.length > maxSendMessageBytes) {
      const message = tooLarge(response, maxSendMessageBytes);
      this.end({ code: Code.RESOURCE_EXHAUSTED, message, metadata: undefined }, undefined, false);
      return;
    }
    this.#finish();
    if (response !== undefined) this.#connection.socket.messageSent();
    const compressed = this.#compressed;
    if (compressed === undefined) {
      if (response !== undefined) tellSent(this.#observer, response.length, response.length);
      endResponse(this.#stream, this.#headerSent, status, response);
    } else {
      if (response !== undefined) compressed.send(response, compress, false);
      void compressed.written.then(() => endResponse(this.#stream, true, status, undefined));
    }
  }

  reset(): void {
    if (this.ended) return;
    this.#finish();
    const reset = () => this.#stream.reset(ErrorCode.INTERNAL_ERROR);
    if (this.#compressed === undefined) reset();
    else void this.#compressed.written.then(reset);
  }

  // Called by the HTTP/2 stream.

  onData(data: Buffer, endStream: boolean): void {
    // The engine ends the rest of the request once the response has been sent.
    if (this.ended) this.#stream.credit(data.length);
    else if (this.#requests !== undefined) this.#requests.push(data, endStream);
    else {
      const { maxReceiveMessageBytes } = this.#connection.limits;
      const wanted = this.#wanted || this.#listener === undefined;
      if (endStream && wanted && isWholeMessage(data, this.#head, maxReceiveMessageBytes)) {
        this.#stream.credit(data.length);
        deliverWhole(this, this.#head, data);
        this.onRequestsEnd();
        return;
      }
      this.#requests = this.#newRequests();
      if (this.#wanted) this.#requests.want(Number.POSITIVE_INFINITY);
      this.#requests.push(data, endStream);
    }
  }

  /** Trailers only end a request. */
  onTrailers(): void {
    this.onData(nothing, true);
  }

  onReset(reset: StreamReset): void {
    if (this.ended) return;
    this.#finish();
    const message = reset.source === "connection" ? `the connection was lost: ${reset.message}` : "the caller cancelled the call";
    this.#listener?.onCancel({ code: Code.CANCELLED, message, metadata: undefined });
  }

  onDrain(): void {
    if (!this.ended && (this.#compressed === undefined || this.#compressed.hasRoom)) this.#listener?.onDrain();
  }

  /** Ends the call if the client has sent nothing of the request within the timeout. */
  checkTimeout(timeoutMs: number, now: number): void {
    let late = false;
    if (this.#requests !== undefined) late = this.#requests.isLate(timeoutMs, now);
    else if (!this.#wanted) this.#silentSince = -1;
    else if (this.#silentSince === -1) this.#silentSince = now;
    else late = now - this.#silentSince > timeoutMs;
    if (late) this.abort(Code.DEADLINE_EXCEEDED, `the request did not arrive within ${timeoutMs} ms`);
  }

  refuseUnprocessed(): void {
    if (this.ended || this.#listener !== undefined) return;
    this.#finish();
    this.#stream.reset(ErrorCode.REFUSED_STREAM);
  }

  exhaust(message: string): void {
    this.abort(Code.RESOURCE_EXHAUSTED, message);
  }

  // Called by `Requests`.

  onRequest(message: Buffer, compressed: boolean, start: number, wireBytes: number): void {
    this.#connection.socket.messageReceived();
    tellReceived(this.#observer, message.length - start, wireBytes);
    if (this.#head.method.requestStream) this.#listener?.onMessage(message, compressed, start);
    else if (this.#request === undefined) {
      this.#request = message;
      this.#requestStart = start;
      this.#requestCompressed = compressed;
      this.#requestBytes = message.length - start;
      this.#requestWireBytes = wireBytes;
    } else this.abort(Code.UNIMPLEMENTED, `Received a second request message for ${this.#head.method.path}`);
  }

  onPending(bytes: number): void {
    const more = bytes + (this.#request?.length ?? 0) - this.pendingBytes;
    if (more === 0) return;
    this.pendingBytes += more;
    this.#connection.pending.add(more, this);
  }

  onRequestsEnd(): void {
    if (this.#complete) return;
    const { method, mayReset } = this.#head;
    const request = this.#request;
    if (!method.requestStream && request === undefined) {
      this.abort(Code.UNIMPLEMENTED, `Received no request message for ${method.path}`);
      return;
    }
    this.#complete = true;
    this.#connection.receiving.delete(this);
    this.#release();
    // On a busy machine the request may arrive before the timer fires.
    if (this.deadline !== Number.POSITIVE_INFINITY && this.deadline <= steadyNow()) this.#timeUp();
    else if (request === undefined) {
      if (mayReset) this.#halfCloseLater();
      else this.#listener?.onHalfClose();
    } else if (this.#listener === undefined) {
      this.#opened(method.answer(this, request, this.#requestCompressed, this.#requestStart));
    } else {
      this.#listener.onMessage(request, this.#requestCompressed, this.#requestStart);
      if (!this.ended) this.#listener.onHalfClose();
    }
  }

  #halfCloseLater(): void {
    afterReset(() => {
      if (!this.ended) this.#listener?.onHalfClose();
    });
  }

  // The end.

  /** Ends the call from this side, without waiting for its handler. */
  abort(code: Code, message: string): void {
    if (this.ended) return;
    const status = { code, message, metadata: undefined };
    this.#finish();
    const compressed = this.#compressed;
    if (compressed === undefined) endResponse(this.#stream, this.#headerSent, status, undefined);
    else void compressed.written.then(() => endResponse(this.#stream, true, status, undefined));
    if (this.#listener === undefined) this.#endedWith = status;
    else this.#listener.onCancel(status);
  }

  #timeUp(): void {
    this.abort(Code.DEADLINE_EXCEEDED, "deadline exceeded");
  }

  #finish(): void {
    this.ended = true;
    this.#timer?.clear();
    if (!this.#complete) this.#connection.receiving.delete(this);
    this.#release();
  }

  /** Releases the requests. */
  #release(): void {
    this.#request = undefined;
    this.#requests = undefined;
    if (this.pendingBytes === 0) return;
    this.#connection.pending.add(-this.pendingBytes, this);
    this.pendingBytes = 0;
  }
}

function tooLarge(message: Buffer, limit: number): string {
  return `Sent message larger than max (${message.length} vs. ${limit})`;
}
