// One attempt of a call, on one stream of a connection.
import {
  type ClientConnection,
  ErrorCode,
  type HeaderList,
  Http2Error,
  type Stream,
  type StreamHandler,
  type StreamReset,
} from "@grpc-study/http2";
import type { CallCounts, MessageCounts } from "../../../channelz/counts.ts";
import type { ChannelLimits } from "../../../limits/limits.ts";
import { Code } from "../../../protocol/code.ts";
import { type Compression, isCompression } from "../../../protocol/compression.ts";
import { cut } from "../../../protocol/message-reader.ts";
import type { Status } from "../../../protocol/status.ts";
import { steadyNow } from "../../../steady-clock.ts";
import type { ClientStream, OutgoingCall } from "../../client.ts";
import type { AttemptListener, Progress } from "../../connection.ts";
import { tellReceived, tellSent } from "../../message-size.ts";
import { CompressedMessages } from "../compressed-messages.ts";
import { prefixOf, writeMessage } from "../write-message.ts";
import { AttemptEnd, endRequest, noListener } from "./attempt-end.ts";
import { foreignStatus, LocalStatus, missingStatus, resetStatus, tooLargeStatus, unsendableStatus } from "./end-status.ts";
import { ForeignResponse } from "./foreign-response.ts";
import type { RequestHeaders } from "./request-headers.ts";
import { ResponseHeader, ResponseTrailer } from "./response-headers.ts";
import { type ResponseSink, Responses } from "./responses.ts";

const prefix = 5;

/** The connection of an attempt. */
export interface AttemptConnection {
  readonly http2: ClientConnection;
  readonly peer: string;
  readonly target: string;
  readonly headers: RequestHeaders;
  readonly limits: ChannelLimits;
  /** Counts the messages. */
  readonly socket: MessageCounts;
  /** Counts the attempts. */
  readonly counts: CallCounts;
  /** Set once a response is complete. */
  served: boolean;
  compressionFor(call: OutgoingCall): Compression;
  /** Stores which encodings the server accepts: the value of `grpc-accept-encoding`. */
  learn(accepted: string): void;
  callBegins(): void;
  callEnds(): void;
}

/** The call's stream and the handler of the HTTP/2 stream in one object per call. */
export class Attempt implements ClientStream, StreamHandler, ResponseSink {
  readonly peer: string;
  readonly #connection: AttemptConnection;
  readonly #call: OutgoingCall;
  #listener: AttemptListener;
  /** Undefined before the attempt is opened, and after its end. */
  #stream: Stream | undefined = undefined;
  /**
   * The number of requested responses that have not been delivered, until `#responses` counts them.
   */
  #pulled = 0;
  /**
   * Undefined while each chunk has been exactly one requested message, which is typical for unary
   * calls.
   */
  #responses: Responses | undefined = undefined;
  #requests: CompressedMessages | undefined = undefined;
  #foreign: ForeignResponse | undefined = undefined;
  #encoding = "identity";
  /** Whether `send` has returned false. */
  #wantsDrain = false;
  /** Whether a message has been delivered without `#responses`. */
  #answered = false;
  #end: AttemptEnd | undefined = undefined;
  /** Whether the listener has got its last event. */
  #over = false;

  constructor(connection: AttemptConnection, call: OutgoingCall, listener: AttemptListener) {
    this.peer = connection.peer;
    this.#connection = connection;
    this.#call = call;
    this.#listener = listener;
  }

  /**
   * Sends the header, and the request if there is only one. A call that cannot be sent ends in the
   * next turn.
   */
  open(): void {
    const call = this.#call;
    const { deadline, request } = call;
    this.#connection.counts.begin();
    const timeoutMs = deadline === Number.POSITIVE_INFINITY ? deadline : deadline - steadyNow();
    if (timeoutMs <= 0) {
      this.#endSoon(new LocalStatus(Code.DEADLINE_EXCEEDED, `deadline exceeded: ${this.#path} had no time left before it was sent`));
      return;
    }
    if (request !== undefined && this.#isTooLarge(request)) return;
    const compression = this.#connection.compressionFor(call);
    let stream: Stream;
    try {
      const headers = this.#connection.headers.of(call, compression, timeoutMs);
      if (request === undefined || compression !== "identity") stream = this.#connection.http2.request(headers, this);
      else stream = this.#connection.http2.request(headers, this, request, true, prefixOf(request, false));
    } catch (error) {
      const noRoom = error instanceof Http2Error && error.code === ErrorCode.REFUSED_STREAM;
      this.#endSoon(unsendableStatus(error, this.#path, this.#connection.target), noRoom ? "unsent" : "processed");
      return;
    }
    this.#connection.socket.streamBegins();
    if (request !== undefined) this.#connection.socket.messageSent();
    if (stream.closed) return;
    this.#connection.callBegins();
    this.#stream = stream;
    if (compression !== "identity") {
      this.#requests = new CompressedMessages(
        stream,
        compression,
        () => this.drained(),
        () => call.onMessageSize,
      );
      if (request !== undefined) this.#requests.send(request, true, true);
    } else if (request !== undefined) tellSent(call.onMessageSize, request.length, request.length);
  }

  get #path(): string {
    return this.#call.method.path;
  }

  // Called by the call.

  send(message: Buffer, compress: boolean): boolean {
    const stream = this.#stream;
    if (stream === undefined || this.#isTooLarge(message)) return true;
    this.#connection.socket.messageSent();
    const room = this.#requests === undefined ? this.#write(stream, message) : this.#requests.send(message, compress, false);
    // The write may have ended the stream.
    if (room || this.#stream === undefined) return true;
    this.#wantsDrain = true;
    return false;
  }

  #write(stream: Stream, message: Buffer): boolean {
    tellSent(this.#call.onMessageSize, message.length, message.length);
    return writeMessage(stream, message, false, false);
  }

  halfClose(): void {
    if (this.#requests === undefined) this.#stream?.end();
    else void this.#requests.written.then(() => this.#stream?.end());
  }

  pull(): void {
    if (this.#responses === undefined) this.#pulled++;
    else this.#responses.pull();
  }

  cancel(_code: Code, _message: string): void {
    if (this.#over) return;
    this.#release(false);
    this.#closeStream(ErrorCode.CANCEL);
  }

  #isTooLarge(message: Buffer): boolean {
    const { maxSendMessageBytes } = this.#connection.limits;
    if (message.length <= maxSendMessageBytes) return false;
    this.#endSoon(tooLargeStatus(message.length, maxSendMessageBytes));
    return true;
  }

  // Called by the HTTP/2 stream.

  onHeaders(list: HeaderList, endStream: boolean, _stream: Stream): void {
    if (this.#over) return;
    const header = ResponseHeader.of(list);
    if (endStream) {
      const trailer = ResponseTrailer.of(list);
      // "If a grpc-status was provided, it must be used" (http-grpc-status-mapping.md).
      if (header.isGrpc || (trailer.code !== undefined && header.mayBeGrpc)) this.#finish(trailer);
      else this.onFault(foreignStatus(this.#path, list, ""));
      return;
    }
    if (!header.isGrpc) {
      this.#foreign = new ForeignResponse(this.#path, list, (status) => this.onFault(status));
      return;
    }
    if (header.accepted !== undefined) this.#connection.learn(header.accepted);
    this.#encoding = header.encoding;
    this.#listener.onHeader(header.metadata, isCompression(header.encoding) ? header.encoding : "identity");
  }

  onData(data: Buffer, endStream: boolean, stream: Stream): void {
    if (this.#over) return;
    const { length } = data;
    if (this.#foreign !== undefined) this.#foreign.onData(data, stream);
    else if (length > 0) {
      if (
        this.#responses === undefined &&
        this.#pulled > 0 &&
        length >= prefix &&
        data[0] === 0 &&
        this.#encoding === "identity" &&
        data.readUInt32BE(1) === length - prefix &&
        length - prefix <= this.#connection.limits.maxReceiveMessageBytes
      ) {
        // Exactly one message, which was requested.
        this.#pulled--;
        stream.credit(length);
        this.#answered = true;
        this.#connection.socket.messageReceived();
        tellReceived(this.#call.onMessageSize, length - prefix, length - prefix);
        this.#listener.onMessage(cut(data, prefix, length), false);
      } else {
        this.#responses ??= new Responses(stream, this, this.#path, this.#encoding, this.#connection.limits, this.#pulled);
        this.#responses.push(data);
      }
    }
    if (!endStream || this.#over) return;
    if (this.#foreign !== undefined) this.#foreign.end();
    else this.#finishWith(new AttemptEnd(missingStatus(this.#path), "processed", undefined));
  }

  onTrailers(list: HeaderList, _stream: Stream): void {
    if (this.#over) return;
    const trailer = ResponseTrailer.of(list);
    if (this.#foreign === undefined || (this.#foreign.isGrpcType && trailer.code !== undefined)) this.#finish(trailer);
    else this.#foreign.end();
  }

  onReset(reset: StreamReset, _stream: Stream): void {
    const opened = this.#stream !== undefined;
    this.#streamClosed();
    // A server may reset a request whose response is complete (RFC 9113, section 8.1).
    if (this.#over || this.#end !== undefined) return;
    const status = resetStatus(reset, this.#path, this.#connection.target, this.#call.deadline);
    const progress = reset.unprocessed ? "refused" : "processed";
    if (this.#foreign !== undefined) this.#foreign.end();
    else if (opened && reset.source !== "local") this.#finishNow(new AttemptEnd(status, progress, undefined));
    else this.#endSoon(status, progress);
  }

  onDrain(_stream: Stream): void {
    if (this.#requests === undefined || this.#requests.hasRoom) this.drained();
  }

  drained(): void {
    if (!this.#wantsDrain || this.#over) return;
    this.#wantsDrain = false;
    this.#listener.onDrain();
  }

  // Called by `Responses`.

  onResponse(message: Buffer, compressed: boolean, wireBytes: number): void {
    this.#connection.socket.messageReceived();
    tellReceived(this.#call.onMessageSize, message.length, wireBytes);
    this.#listener.onMessage(message, compressed);
  }

  onDelivered(): void {
    if (this.#end !== undefined) this.#finishWith(this.#end);
  }

  // The end.

  #finish(trailer: ResponseTrailer): void {
    this.#connection.served = true;
    if (trailer.accepted !== undefined) this.#connection.learn(trailer.accepted);
    const status = trailer.code === undefined ? missingStatus(this.#path) : trailer.status;
    this.#finishWith(new AttemptEnd(status, "processed", trailer.pushback));
  }

  /** The response is complete. The status follows the messages before it. */
  #finishWith(end: AttemptEnd): void {
    this.#end = end;
    const stream = this.#stream;
    if (stream !== undefined) {
      this.#streamClosed();
      // A server that does not need the rest of the request resets it in the same chunk; otherwise
      // this side does.
      if (!stream.localEnded) process.nextTick(endRequest, stream);
    }
    const responses = this.#responses;
    if (responses === undefined) {
      this.#finishNow(end);
      return;
    }
    if (responses.busy) return;
    // The reader of a stream pulls the remaining responses. The caller of a unary call pulls once.
    const asksForMore = this.#call.method.responseStream || !(this.#answered || responses.begun);
    if (!responses.empty && asksForMore) return;
    if (end.status.code === Code.OK && !responses.complete)
      this.#finishNow(new AttemptEnd(responses.incomplete(), "processed", end.pushback));
    else this.#finishNow(end);
  }

  #finishNow(end: AttemptEnd): void {
    const listener = this.#listener;
    this.#release(end.status.code === Code.OK);
    listener.onEnd(end.status, end.progress, end.pushback);
  }

  /** A faulty response ends the attempt. */
  onFault(status: Status): void {
    const listener = this.#listener;
    this.#release(false);
    this.#closeStream(ErrorCode.CANCEL);
    listener.onEnd(status, "processed", undefined);
  }

  /**
   * Ends the attempt because of an action of its call, and so not before that action has returned.
   */
  #endSoon(status: Status, progress: Progress = "processed"): void {
    this.#end = new AttemptEnd(status, progress, undefined);
    this.#closeStream(ErrorCode.CANCEL);
    process.nextTick(endNow, this);
  }

  /** Completes `#endSoon`, unless the call was cancelled in the meantime. */
  endNow(): void {
    if (!this.#over && this.#end !== undefined) this.#finishNow(this.#end);
  }

  /**
   * Releases the listener and the response. No callback follows.
   *
   * @param ok whether the status is OK.
   */
  #release(ok: boolean): void {
    this.#over = true;
    this.#connection.counts.end(ok);
    this.#listener = noListener;
    this.#responses?.close();
    this.#responses = undefined;
    this.#foreign?.close();
    this.#foreign = undefined;
  }

  #closeStream(code: number): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#streamClosed();
    if (!(stream.remoteEnded && stream.localEnded)) stream.reset(code);
  }

  #streamClosed(): void {
    if (this.#stream === undefined) return;
    this.#stream = undefined;
    this.#connection.callEnds();
    // Messages sent from now on are dropped.
    if (this.#wantsDrain) process.nextTick(drained, this);
  }
}

// For `process.nextTick`, without a closure.

function endNow(attempt: Attempt): void {
  attempt.endNow();
}

function drained(attempt: Attempt): void {
  attempt.drained();
}
