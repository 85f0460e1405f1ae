// One call on its HTTP/2 stream: the end that a handler has of it, in the place of the call objects of grpc-js's server.
//
// Nothing is made for a call that it may not need, and no object literal holds on to one (see client/call.ts).
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { TLSSocket } from "node:tls";
import { Metadata, type StatusObject, type UntypedHandleCall } from "@grpc/grpc-js";
import { Code } from "../code.ts";
import { acceptedEncodings, type Refusal } from "../compression/algorithm.ts";
import { Frames, readFrame, writeFrame } from "../compression/frame.ts";
import { MessageReader } from "../limits/message-reader.ts";
import type { Linked, LinkedSet } from "../linked-set.ts";
import { percentEncode } from "../percent-encode.ts";
import { parseTimeout } from "../timeout.ts";
import { type RespondCallback, type Surface, SurfaceListeners } from "./surface.ts";

/** What the calls of a method share. */
export interface Method {
  readonly path: string;
  readonly handle: UntypedHandleCall;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** The most bytes of a message; -1 for any. */
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  /** The server's calls of whose requests not all has come. */
  readonly incomplete: LinkedSet<StreamCall>;
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

/** Node fires longer timers at once. */
const maxTimeoutMs = 2 ** 31 - 1;

/** Bytes of requests that may wait for the handler to read them. */
const readWindow = 64 * 1024;

const callOf = Symbol("call");
type CallStream = ServerHttp2Stream & { [callOf]?: StreamCall | undefined };

// One function each for all calls.
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

export class StreamCall implements Surface, Linked<StreamCall> {
  readonly #stream: CallStream;
  readonly #headers: IncomingHttpHeaders;
  readonly #method: Method;
  readonly #reader: MessageReader;
  #deadline = Number.POSITIVE_INFINITY;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #metadata: Metadata | undefined;
  #listeners: SurfaceListeners | undefined;
  #headerSent = false;
  /** Whether its status has been sent, or never will be. */
  #ended = false;
  #trailers = okTrailers;
  /** Of a stream, the requests that are to be read. */
  #requests: Buffer[] | undefined;
  #requestBytes = 0;
  #requestsEnded = false;
  #endTold = false;
  /** Frames that wait for one before them to be decompressed; undefined while there is none. */
  #frames: Buffer[] | undefined;
  /** What had come of the request the last time that it was looked at, and since when. */
  #count = -1;
  #sinceMs = 0;
  request: Buffer | undefined;
  cancelled = false;
  previous: StreamCall | undefined;
  next: StreamCall | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, method: Method) {
    this.#stream = stream as CallStream;
    this.#headers = headers;
    this.#method = method;
    this.#reader = new MessageReader(method.maxReceiveBytes);
  }

  start(): void {
    const stream = this.#stream;
    stream[callOf] = this;
    stream.on("error", onError).on("close", onClose).on("data", onData).on("end", onEnd);
    const timeout = this.#headers["grpc-timeout"];
    if (timeout !== undefined) this.#setDeadline(String(timeout));
    this.#method.incomplete.add(this);
    if (this.#method.requestStream) this.#handle();
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
    return this;
  }

  sendMetadata(header: Metadata): void {
    this.#sendHeader(header.toHttp2Headers());
  }

  /** The next request of a stream; null if none is there yet. */
  read(): Buffer | null {
    const request = this.#requests?.shift();
    if (request === undefined) {
      this.#tellEnd();
      return null;
    }
    this.#requestBytes -= request.length;
    if (this.#requestBytes < readWindow && this.#frames === undefined) this.#stream.resume();
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

  onData(data: Buffer): void {
    if (this.#ended) return;
    let frames: Buffer[];
    try {
      frames = this.#reader.write(data);
    } catch (error) {
      this.#cut({ code: Code.RESOURCE_EXHAUSTED, details: (error as Error).message });
      return;
    }
    for (const frame of frames) this.#readFrame(frame);
  }

  onEnd(): void {
    this.#method.incomplete.delete(this);
    if (this.#ended) return;
    if (this.#reader.inside) this.#cut({ code: Code.INTERNAL, details: "the request ended in the middle of a message" });
    else {
      this.#requestsEnded = true;
      if (this.#frames === undefined) this.#halfClose();
    }
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
    // A stream that is paused waits for a handler, not for its peer.
    if (stream.destroyed || stream.closed) this.#method.incomplete.delete(this);
    else if (stream.isPaused() || (this.#method.requestStream && !inside)) this.#count = -1;
    else if (this.#count !== count) {
      this.#count = count;
      this.#sinceMs = nowMs;
    } else if (nowMs - this.#sinceMs > timeoutMs) {
      this.#cut({ code: Code.DEADLINE_EXCEEDED, details: `the request did not come within ${timeoutMs} ms` });
    }
  }

  #setDeadline(timeout: string): void {
    const ms = Math.ceil(parseTimeout(timeout) ?? Number.POSITIVE_INFINITY);
    this.#deadline = Date.now() + ms;
    const timeUp = () => this.#cut({ code: Code.DEADLINE_EXCEEDED, details: "Deadline exceeded" });
    this.#deadlineTimer = setTimeout(timeUp, Math.min(ms, maxTimeoutMs));
  }

  #readFrame(frame: Buffer): void {
    if (this.#frames !== undefined) {
      this.#frames.push(frame);
      return;
    }
    const message = this.#open(frame);
    if (Buffer.isBuffer(message)) this.#receive(message);
    else {
      this.#frames = [];
      this.#stream.pause();
      void this.#receiveInOrder(message, this.#frames);
    }
  }

  #open(frame: Buffer): Buffer | Promise<Buffer> {
    return readFrame(frame, String(this.#headers["grpc-encoding"] ?? "identity"), Code.UNIMPLEMENTED, this.#method.maxReceiveBytes);
  }

  async #receiveInOrder(first: Promise<Buffer>, frames: Buffer[]): Promise<void> {
    try {
      this.#receive(await first);
      for (let frame = frames.shift(); frame !== undefined && !this.#ended; frame = frames.shift()) this.#receive(await this.#open(frame));
    } catch (thrown) {
      const refusal = thrown as Refusal;
      const metadata = new Metadata();
      // compression.md: whoever is told that its compression is not supported has to learn which is.
      if (refusal.code === Code.UNIMPLEMENTED) metadata.set("grpc-accept-encoding", acceptedEncodings);
      this.#cut({ ...refusal, metadata });
    }
    this.#frames = undefined;
    if (this.#ended) return;
    if (this.#requestsEnded) this.#halfClose();
    else if (this.#requestBytes < readWindow) this.#stream.resume();
  }

  #receive(message: Buffer): void {
    if (this.#ended) return;
    if (this.#method.requestStream) {
      this.#requests ??= [];
      this.#requests.push(message);
      this.#requestBytes += message.length;
      if (this.#requestBytes >= readWindow) this.#stream.pause();
      this.#listeners?.readable?.();
    } else if (this.request === undefined) this.request = message;
    else this.#cut({ code: Code.UNIMPLEMENTED, details: `Received a second request message for ${this.#method.path}` });
  }

  #halfClose(): void {
    if (this.#method.requestStream) this.#tellEnd();
    else if (this.request !== undefined) this.#handle();
    else this.#cut({ code: Code.UNIMPLEMENTED, details: `Received no request message for ${this.#method.path}` });
  }

  #tellEnd(): void {
    if (!this.#requestsEnded || this.#endTold || this.#frames !== undefined || (this.#requests?.length ?? 0) > 0) return;
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
    if (trailer !== undefined) this.#trailers = { ...okTrailers, ...trailer.toHttp2Headers() };
    this.#finish();
    if (frame === undefined) this.#stream.end();
    else this.#stream.end(frame);
  }

  #sendStatus({ code = Code.UNKNOWN, details = "", metadata }: Partial<StatusObject>): void {
    if (this.#isOver()) return;
    const stream = this.#stream;
    const message = details === "" ? undefined : { "grpc-message": percentEncode(details) };
    const trailers = { "grpc-status": code, ...message, ...metadata?.toHttp2Headers() };
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
    clearTimeout(this.#deadlineTimer);
    this.#method.incomplete.delete(this);
    this.request = undefined;
    this.#requests = undefined;
    if (!this.#requestsEnded) this.#stream.resume();
  }

  #cancel(): void {
    this.cancelled = true;
    this.#listeners?.cancelled?.();
  }
}
