// One call on its HTTP/2 stream: the end that a handler has of it, in the place of the call objects of grpc-js's server.
//
// Nothing is made for a call that it may not need, and no object literal holds on to one (see client/call.ts).
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Readable } from "node:stream";
import { TLSSocket } from "node:tls";
import { Metadata, type StatusObject, type UntypedHandleCall } from "@grpc/grpc-js";
import type { PendingBytes, PendingCall } from "../limits/pending-bytes.ts";
import type { Linked, LinkedSet } from "../linked-set.ts";
import { LongTimer } from "../long-timer.ts";
import { Code } from "../protocol/code.ts";
import { acceptedEncodings, type Refusal } from "../protocol/compression.ts";
import { Frames, readFrame, writeFrame } from "../protocol/frame.ts";
import { MessageReader } from "../protocol/message-reader.ts";
import { percentEncode } from "../protocol/percent-encode.ts";
import { parseTimeout } from "../protocol/timeout.ts";
import { type RespondCallback, type Surface, SurfaceListeners } from "./surface.ts";

/** What the calls of a method share. */
export interface Method {
  readonly path: string;
  readonly handle: UntypedHandleCall;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** Whether it is handled from its header on, and its requests are read only when they are asked for. */
  readonly early: boolean;
  /** The most bytes of a message; -1 for any. */
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  /** The server's calls of whose requests not all has come. */
  readonly incomplete: LinkedSet<StreamCall>;
  /** The server's calls that have bytes of requests pending. */
  readonly pendingCalls: Set<StreamCall>;
}

const plainHeader: OutgoingHttpHeaders = {
  ":status": 200,
  "content-type": "application/grpc+proto",
  "grpc-accept-encoding": acceptedEncodings,
};
const responseOptions = { waitForTrailers: true, sendDate: false };
const trailersOnly = { endStream: true, sendDate: false };
const okTrailers: OutgoingHttpHeaders = { "grpc-status": Code.OK };

/** Headers that are the protocol's, and are not shown to handlers. */
const protocolHeaders = ["grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "accept-encoding", "te", "content-type"];

/** Bytes of requests that may wait for the handler to read them. */
const readWindow = 64 * 1024;

/** What a request that waits takes up beside its bytes, about: its buffer object, and its place in the queue. An empty one is five bytes on the wire. */
const requestOverhead = 256;

/** What a DATA frame that waits takes up beside its bytes, about: Node makes a buffer object of each, and one byte is enough for that. */
const frameOverhead = 128;

const callOf = Symbol("call");
type CallStream = ServerHttp2Stream & { [callOf]?: StreamCall | undefined };

// One function each for all calls.
/** Node pushes each DATA frame into the stream, also into one that is paused or not read yet, as far as the flow-control window goes. */
function onPush(this: CallStream, data: Buffer | null, encoding?: BufferEncoding): boolean {
  if (data !== null && data.length > 0) this[callOf]?.onFrame();
  const room = Readable.prototype.push.call(this, data, encoding);
  this[callOf]?.noteFrames();
  return room;
}
function onData(this: CallStream, data: Buffer): void {
  this[callOf]?.onData(data);
}
function onEnd(this: CallStream): void {
  this[callOf]?.onEnd();
}
function onClose(this: CallStream): void {
  this[callOf]?.onClose();
}
function onDrain(this: CallStream): void {
  this[callOf]?.onDrain();
}
function onWantTrailers(this: CallStream): void {
  this[callOf]?.onWantTrailers();
}
/** Every error has its close. */
function onError(): void {}

export class StreamCall implements Surface, PendingCall, Linked<StreamCall> {
  readonly #stream: CallStream;
  readonly #headers: IncomingHttpHeaders;
  readonly #method: Method;
  readonly #reader: MessageReader;
  #deadline = Number.POSITIVE_INFINITY;
  /** The same by a clock that nobody sets. */
  #deadlineTime = Number.POSITIVE_INFINITY;
  #deadlineTimer: LongTimer | undefined;
  #metadata: Metadata | undefined;
  #listeners: SurfaceListeners | undefined;
  #headerSent = false;
  /** Whether its status has been sent, or never will be. */
  #ended = false;
  #trailers = okTrailers;
  /** Of a stream, the requests that are to be read. */
  #requests: Buffer[] | undefined;
  #requestBytes = 0;
  /** How many DATA frames wait in the stream. */
  #frames = 0;
  /** Whether somebody wants the requests. Until then, nothing is read of them. */
  #reading = false;
  /** Whether there may be frames that are not read, since the queue is full. */
  #full = false;
  #refilling = false;
  /** Whether a request is being decompressed, and those after it wait. */
  #inflating = false;
  /** Whether the peer has sent its last. */
  #requestsEnded = false;
  /** Whether all of the requests have been read and decompressed. */
  #complete = false;
  #endTold = false;
  /** What had come of the request the last time that it was looked at, and since when. */
  #count = -1;
  #sinceMs = 0;
  request: Buffer | undefined;
  cancelled = false;
  readonly pending: PendingBytes;
  pendingBytes = 0;
  previous: StreamCall | undefined;
  next: StreamCall | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, method: Method, pending: PendingBytes) {
    this.pending = pending;
    this.#stream = stream as CallStream;
    this.#headers = headers;
    this.#method = method;
    this.#reader = new MessageReader(method.maxReceiveBytes);
  }

  start(): void {
    const stream = this.#stream;
    const { early, requestStream, incomplete } = this.#method;
    stream[callOf] = this;
    stream.on("error", onError).on("close", onClose);
    // What is read at once, and once, waits for nobody.
    if (early || requestStream) stream.push = onPush;
    const timeout = this.#headers["grpc-timeout"];
    if (timeout !== undefined && !this.#setDeadline(String(timeout))) return;
    incomplete.add(this);
    // Interceptors may refuse the call by its header: nothing of the body is kept before they are done.
    if (!early) this.#read();
    if (early || requestStream) this.#handle();
  }

  #read(): void {
    if (this.#reading || this.#ended) return;
    this.#reading = true;
    this.#stream.on("data", onData).on("end", onEnd);
  }

  // What the handler's side does.

  get metadata(): Metadata {
    if (this.#metadata === undefined) {
      this.#metadata = Metadata.fromHttp2Headers(this.#headers);
      for (const name of protocolHeaders) this.#metadata.remove(name);
    }
    return this.#metadata;
  }

  get acceptEncoding(): string {
    return String(this.#headers["grpc-accept-encoding"] ?? "");
  }

  getPeer(): string {
    const { remoteAddress, remotePort } = this.#stream.session?.socket ?? {};
    if (remoteAddress === undefined) return "unknown";
    return remotePort === undefined ? remoteAddress : `${remoteAddress}:${remotePort}`;
  }

  getDeadline(): number {
    return this.#deadline;
  }

  getAuthContext(): ReturnType<Surface["getAuthContext"]> {
    const socket = this.#stream.session?.socket;
    if (!(socket instanceof TLSSocket) || !socket.authorized) return {};
    const certificate = socket.getPeerCertificate();
    return certificate.raw ? { transportSecurityType: "ssl", sslPeerCertificate: certificate } : { transportSecurityType: "ssl" };
  }

  /** One listener of each event. */
  on(event: keyof SurfaceListeners, listener: () => void): this {
    this.#listeners ??= new SurfaceListeners();
    this.#listeners[event] = listener;
    if (event === "drain") this.#stream.on("drain", onDrain);
    else if (event === "request") this.#read();
    return this;
  }

  get awaitsRequest(): boolean {
    return !this.#complete;
  }

  sendMetadata(header: Metadata): void {
    this.#sendHeader(header.toHttp2Headers());
  }

  /** The next request of a stream; null if none is there yet. */
  read(): Buffer | null {
    this.#read();
    const request = this.#requests?.shift();
    if (request === undefined) {
      this.#tellEnd();
      return null;
    }
    this.#requestBytes -= request.length + requestOverhead;
    if (this.#full && !this.#refilling && this.#requestBytes < readWindow / 2) {
      this.#refilling = true;
      // Not at once: whoever reads has not dealt with this request yet, and would be told of the next.
      queueMicrotask(() => {
        this.#refilling = false;
        this.#full = false;
        this.#readOn();
      });
    }
    return request;
  }

  /** Returns whether there is room for more; if not, `drain` tells. */
  write(response: Buffer | Frames): boolean {
    if (this.#isOver()) return true;
    const frame = this.#frameOf(response);
    if (frame === undefined) return true;
    this.#sendHeader();
    return this.#stream.write(frame);
  }

  /** Ends a stream of responses with OK. */
  end(trailer?: Metadata): void {
    this.#end(undefined, trailer);
  }

  /** Ends a stream of responses otherwise. */
  emit(_event: "error", status: Partial<StatusObject>): void {
    this.#sendStatus(status);
  }

  /** The one response, or the error instead of it. */
  readonly respond: RespondCallback<Buffer> = (error, response, trailer) => {
    if (error !== null) this.#sendStatus(error);
    else if (!this.#isOver()) {
      const frame = this.#frameOf(response ?? Buffer.alloc(0));
      if (frame !== undefined) this.#end(frame, trailer);
    }
  };

  // What the stream's side does.

  onFrame(): void {
    this.#frames++;
  }

  noteFrames(): void {
    if (this.#frames > 0) this.#notePending();
  }

  onData(data: Buffer): void {
    if (this.#frames > 0) this.#frames--;
    if (this.#ended) return;
    this.#reader.push(data);
    this.#readOn();
  }

  onEnd(): void {
    this.#method.incomplete.delete(this);
    this.#requestsEnded = true;
    if (!this.#full && !this.#inflating) this.#readOn();
  }

  onClose(): void {
    if (!this.#ended) {
      this.#finish();
      this.#cancel();
    }
    this.#listeners?.close?.();
    // Node's session has its streams in a Map, and what that may do to them is told in linked-set.ts. Nothing of the call goes with them.
    this.#stream[callOf] = undefined;
  }

  onDrain(): void {
    this.#listeners?.drain?.();
  }

  onWantTrailers(): void {
    this.#stream.sendTrailers(this.#trailers);
  }

  /** Ends it, if its peer has owed the same for longer than it may. */
  look(timeoutMs: number, nowMs: number): void {
    const stream = this.#stream;
    const { inside, count } = this.#reader;
    // A stream that is paused, or not read yet, waits for a handler, not for its peer.
    if (stream.destroyed || stream.closed) this.#method.incomplete.delete(this);
    else if (!this.#reading || stream.isPaused() || (this.#method.requestStream && !inside)) this.#count = -1;
    else if (this.#count !== count) {
      this.#count = count;
      this.#sinceMs = nowMs;
    } else if (nowMs - this.#sinceMs > timeoutMs) {
      this.#cut({ code: Code.DEADLINE_EXCEEDED, details: `the request did not come within ${timeoutMs} ms` });
    }
  }

  /** Returns whether there is time left. */
  #setDeadline(timeout: string): boolean {
    const ms = Math.ceil(parseTimeout(timeout) ?? Number.POSITIVE_INFINITY);
    this.#deadline = Date.now() + ms;
    this.#deadlineTime = performance.now() + ms;
    if (ms <= 0) this.#timeUp();
    else this.#deadlineTimer = new LongTimer(() => this.#timeUp(), ms);
    return ms > 0;
  }

  #timeUp(): void {
    this.#cut({ code: Code.DEADLINE_EXCEEDED, details: "deadline exceeded" });
  }

  exhaust(details: string): void {
    this.#cut({ code: Code.RESOURCE_EXHAUSTED, details });
  }

  /** Reads what has come, as far as there is room in the queue. */
  #readOn(): void {
    while (!this.#ended && !this.#inflating) {
      if (this.#requestBytes >= readWindow) {
        this.#full = true;
        break;
      }
      const frame = this.#nextFrame();
      if (frame === undefined) break;
      const message = readFrame(
        frame,
        String(this.#headers["grpc-encoding"] ?? "identity"),
        Code.UNIMPLEMENTED,
        this.#method.maxReceiveBytes,
      );
      if (Buffer.isBuffer(message)) this.#receive(message);
      else {
        this.#inflating = true;
        void this.#receiveInflated(message);
      }
    }
    if (this.#ended) return;
    this.#notePending();
    if (this.#full || this.#inflating) this.#stream.pause();
    else if (this.#requestsEnded) this.#halfClose();
    else if (this.#stream.isPaused()) this.#stream.resume();
  }

  #nextFrame(): Buffer | undefined {
    try {
      return this.#reader.next();
    } catch (error) {
      this.exhaust((error as Error).message);
      return undefined;
    }
  }

  async #receiveInflated(inflating: Promise<Buffer>): Promise<void> {
    try {
      this.#receive(await inflating);
    } catch (thrown) {
      const refusal = thrown as Refusal;
      const metadata = new Metadata();
      // compression.md: whoever is told that its compression is not supported has to learn which is.
      if (refusal.code === Code.UNIMPLEMENTED) metadata.set("grpc-accept-encoding", acceptedEncodings);
      this.#cut({ ...refusal, metadata });
    }
    this.#inflating = false;
    this.#readOn();
  }

  #receive(message: Buffer): void {
    if (this.#ended) return;
    if (this.#method.requestStream) {
      this.#requests ??= [];
      this.#requests.push(message);
      this.#requestBytes += message.length + requestOverhead;
      this.#listeners?.readable?.();
    } else if (this.request === undefined) this.request = message;
    else this.#cut({ code: Code.UNIMPLEMENTED, details: `Received a second request message for ${this.#method.path}` });
  }

  /** Counts what is here of the requests and not the handler's yet. */
  #notePending(): void {
    const bytes = this.#ended ? 0 : this.#pendingBytes();
    const more = bytes - this.pendingBytes;
    if (more === 0) return;
    const { pendingCalls } = this.#method;
    if (bytes === 0) pendingCalls.delete(this);
    else if (this.pendingBytes === 0) pendingCalls.add(this);
    this.pendingBytes = bytes;
    this.pending.add(more, this);
  }

  #pendingBytes(): number {
    const request = this.#complete ? 0 : (this.request?.length ?? 0);
    return this.#reader.bytes + this.#requestBytes + request + this.#frames * frameOverhead;
  }

  #halfClose(): void {
    if (this.#complete) return;
    if (this.#reader.inside) {
      this.#cut({ code: Code.INTERNAL, details: "the request ended in the middle of a message" });
      return;
    }
    const { early, path, requestStream } = this.#method;
    if (!requestStream && this.request === undefined) {
      this.#cut({ code: Code.UNIMPLEMENTED, details: `Received no request message for ${path}` });
      return;
    }
    this.#complete = true;
    this.#notePending();
    if (requestStream) this.#tellEnd();
    // On a busy machine the request may be here before the timer.
    else if (this.#deadlineTime <= performance.now()) this.#timeUp();
    else if (early) this.#listeners?.request?.();
    else this.#handle();
  }

  #tellEnd(): void {
    if (!this.#complete || this.#endTold || (this.#requests?.length ?? 0) > 0) return;
    this.#endTold = true;
    this.#listeners?.end?.();
  }

  #handle(): void {
    const { handle, responseStream } = this.#method;
    if (responseStream) (handle as (surface: Surface) => void)(this);
    else (handle as (surface: Surface, callback: RespondCallback<Buffer>) => void)(this, this.respond);
  }

  /** Whether nothing can be sent any more. A stream may be closed a moment before it says so. */
  #isOver(): boolean {
    return this.#ended || this.#stream.destroyed || this.#stream.closed;
  }

  #sendHeader(custom?: OutgoingHttpHeaders): void {
    if (this.#headerSent || this.#isOver()) return;
    this.#headerSent = true;
    const stream = this.#stream;
    stream.respond(custom === undefined ? plainHeader : { ...plainHeader, ...custom }, responseOptions);
    stream.on("wantTrailers", onWantTrailers);
  }

  /** A response with its prefix; undefined if it is too long, which has ended the call. */
  #frameOf(response: Buffer | Frames): Buffer | undefined {
    const { maxSendBytes } = this.#method;
    if (maxSendBytes !== -1 && response.length > maxSendBytes) {
      const details = `Sent message larger than max (${response.length} vs. ${maxSendBytes})`;
      this.#cut({ code: Code.RESOURCE_EXHAUSTED, details });
      return undefined;
    }
    return response instanceof Frames ? response.join() : writeFrame(response);
  }

  /** Ends it with OK, after a last frame. */
  #end(frame: Buffer | undefined, trailer: Metadata | undefined): void {
    if (this.#isOver()) return;
    this.#sendHeader();
    if (trailer !== undefined) this.#trailers = { ...trailer.toHttp2Headers(), ...okTrailers };
    this.#finish();
    if (frame === undefined) this.#stream.end();
    else this.#stream.end(frame);
  }

  #sendStatus({ code = Code.UNKNOWN, details = "", metadata }: Partial<StatusObject>): void {
    if (this.#isOver()) return;
    const stream = this.#stream;
    const message = details === "" ? undefined : { "grpc-message": percentEncode(details) };
    const trailers = { ...metadata?.toHttp2Headers(), "grpc-status": code, ...message };
    if (this.#headerSent) {
      this.#trailers = trailers;
      this.#finish();
      stream.end();
    } else {
      this.#headerSent = true;
      this.#finish();
      stream.respond({ ...plainHeader, ...trailers }, trailersOnly);
    }
  }

  /** Ends it from this side, whatever its handler does. */
  #cut(status: Partial<StatusObject>): void {
    if (this.#ended) return;
    this.#sendStatus(status);
    this.#finish();
    this.#cancel();
  }

  /** There is nothing more to come; what comes of the request is nobody's, and must not hold up its connection. */
  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deadlineTimer?.clear();
    this.#method.incomplete.delete(this);
    this.request = undefined;
    this.#requests = undefined;
    this.#requestBytes = 0;
    this.#reader.clear();
    this.#notePending();
    if (!this.#requestsEnded) this.#stream.resume();
  }

  #cancel(): void {
    this.cancelled = true;
    this.#listeners?.cancelled?.();
  }
}
