// The state and methods of a stream (RFC 9113, section 5).
import type { Stream, StreamHandler } from "./api/connection.ts";
import type { Http2Connection } from "./connection.ts";
import { ErrorCode } from "./errors.ts";
import { creditStream } from "./flow-control.ts";
import type { HeaderList } from "./headers/header-list.ts";
import { noOctets, sendData, sendEnd, sendHeaderList } from "./send.ts";
import type { SendQueue } from "./send-queue.ts";

export class Http2Stream implements Stream {
  readonly id: number;
  readonly connection: Http2Connection;
  readonly request: HeaderList;
  handler: StreamHandler;
  data: unknown = undefined;
  closed = false;
  remoteEnded = false;
  localEnded = false;
  /** Client: the final response has begun. Server: the request's header list has arrived. */
  remoteStarted: boolean;
  /** The final header list has been sent. */
  localStarted: boolean;
  /**
   * The octets that the peer allows this side to send. It can be negative (RFC 9113, section
   * 6.9.2).
   */
  sendWindow: number;
  /** The octets that this side allows the peer to send. */
  receiveWindow: number;
  /** The octets that the handler has received and not credited. */
  held = 0;
  /** The overhead of the held parts. */
  heldOverhead = 0;
  /** The content-length of the peer's message, or -1 (RFC 9113, section 8.1.1). */
  expectedLength = -1;
  receivedLength = 0;
  queue: SendQueue | null = null;
  /** `true` if `onDrain` is due. */
  wantsDrain = false;
  /** Links of the list of streams that can send. */
  nextReady: Http2Stream | null = null;
  previousReady: Http2Stream | null = null;
  ready = false;

  constructor(connection: Http2Connection, id: number, request: HeaderList, handler: StreamHandler) {
    this.connection = connection;
    this.id = id;
    this.request = request;
    this.handler = handler;
    this.remoteStarted = connection.isServer;
    this.localStarted = !connection.isServer;
    this.sendWindow = connection.remoteSettings.initialWindowSize;
    this.receiveWindow = connection.localSettings.newStreamWindow;
  }

  get queued(): number {
    return this.queue === null ? 0 : this.queue.size;
  }

  sendHeaders(headers: HeaderList, endStream = false): boolean {
    checkResponse(headers);
    if (this.closed || this.localEnded || this.localStarted) return false;
    const informational = headers.status !== undefined && headers.status < 200;
    if (informational && endStream) return false;
    if (!sendHeaderList(this, headers, endStream)) return false;
    if (!informational) this.localStarted = true;
    if (endStream) sendEnd(this);
    return this.#hasRoom();
  }

  write(data: Uint8Array, endStream = false, prefix = noOctets): boolean {
    if (this.closed || this.localEnded || !this.localStarted || this.#ending()) return false;
    sendData(this, data, endStream, prefix);
    return this.#hasRoom();
  }

  end(): void {
    if (this.closed || this.localEnded || !this.localStarted || this.#ending()) return;
    sendData(this, noOctets, true, noOctets);
  }

  sendTrailers(trailers: HeaderList): void {
    checkTrailers(trailers);
    if (this.closed || this.localEnded || !this.localStarted || this.#ending()) return;
    if (this.queue !== null) {
      this.queue.trailers = trailers;
      return;
    }
    if (sendHeaderList(this, trailers, true)) sendEnd(this);
  }

  respond(headers: HeaderList, body = noOctets, trailers?: HeaderList, prefix = noOctets): boolean {
    checkResponse(headers);
    if (trailers !== undefined) checkTrailers(trailers);
    if (this.closed || this.localEnded || this.localStarted) return false;
    const empty = body.length + prefix.length === 0;
    if (trailers === undefined && empty) return this.sendHeaders(headers, true);
    if (!sendHeaderList(this, headers, false)) return false;
    this.localStarted = true;
    if (!empty) sendData(this, body, trailers === undefined, prefix);
    if (trailers !== undefined) this.sendTrailers(trailers);
    return this.#hasRoom();
  }

  credit(bytes: number, awaited = 0): void {
    if (bytes > 0 || awaited > 0) creditStream(this, Math.max(bytes, 0), awaited);
  }

  reset(code: number = ErrorCode.CANCEL): void {
    if (!this.closed) this.connection.resetStream(this, code, "the stream was reset by this side", "local");
  }

  #ending(): boolean {
    return this.queue !== null && (this.queue.end || this.queue.trailers !== null);
  }

  #hasRoom(): boolean {
    if (this.queue === null && !this.connection.output.blocked) return true;
    if (!this.closed && !this.wantsDrain) {
      this.wantsDrain = true;
      if (this.queue === null) this.connection.drainWaiters.add(this);
    }
    return false;
  }
}

/** A list in the wrong place would be a malformed message (RFC 9113, section 8.3). */
function checkResponse(headers: HeaderList): void {
  if (headers.status === undefined) throw new TypeError("a response needs :status: create the list with HeaderList.response");
}

function checkTrailers(trailers: HeaderList): void {
  if (trailers.regularStart > 0) {
    throw new TypeError(`trailers must not have ${trailers.flat[0]}: create the list with HeaderList.trailers`);
  }
}
