// A call that another transport has accepted, and that a server in this process runs. It ends when
// the server, the caller or the transport ends it, and is then no longer a call of the server.
import type { MessageLimits } from "../../limits/limits.ts";
import type { Linked } from "../../linked-set.ts";
import { Code } from "../../protocol/code.ts";
import type { Compression } from "../../protocol/compression.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import type { MetadataSize } from "../../protocol/metadata-rules.ts";
import type { Status } from "../../protocol/status.ts";
import { type MessageObserver, tellReceived, tellSent } from "../message-size.ts";
import type { ServedMethod, ServerListener, ServerStream } from "../server.ts";
import { copyRequestMetadata } from "./copy-metadata.ts";
import { inProcessPeer } from "./server-stream.ts";

/**
 * The stream of a call for a `LocalMethod`. Its owner passes its events to the listener that the
 * method returns.
 */
export interface HandedOverStream
  extends Pick<ServerStream, "metadata" | "deadline" | "requestCompression" | "accepts" | "pull" | "sendHeader" | "send" | "end"> {
  /** The size of `metadata`, which is read only if the handler needs it. */
  readonly metadataSize: MetadataSize;
}

/** What the calls of a method share: the channel and the server. */
export interface LocalServer {
  /** The smaller ones of the limits for requests and responses, in bytes. */
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  readonly channelLimits: MessageLimits;
  readonly serverLimits: MessageLimits;
  /** Counts a call that begins. */
  started(call: LocalCall): void;
  /** Counts a call that has ended. */
  ended(call: LocalCall): void;
}

export class LocalCall implements ServerStream, ServerListener, Linked<LocalCall> {
  readonly #server: LocalServer;
  readonly #method: ServedMethod;
  readonly #stream: HandedOverStream;
  #listener: ServerListener | undefined = undefined;
  /** Whether `answer` has begun the call, so that the stream has no further request. */
  #whole = false;
  #ended = false;
  /** The status for the handler, if the call was cut off before it had a listener. */
  #cut: Status | undefined = undefined;
  #metadata: Metadata | undefined = undefined;
  #observer: MessageObserver | undefined = undefined;
  /** The size of the request with which `answer` has begun the call, or -1. */
  #requestBytes = -1;
  previous: LocalCall | undefined = undefined;
  next: LocalCall | undefined = undefined;

  constructor(server: LocalServer, method: ServedMethod, stream: HandedOverStream) {
    this.#server = server;
    this.#method = method;
    this.#stream = stream;
    server.started(this);
  }

  /** Runs a call with a stream of requests. */
  open(): void {
    // A method that needs its request to be opened waits for it.
    if (this.#method.early) this.#opened(this.#method.open(this));
    else this.#stream.pull();
  }

  /** Runs a call with its only request. */
  answer(request: Buffer, compressed: boolean, start: number): void {
    if (request.length - start > this.#server.maxRequestBytes) {
      this.#endRequest(request.length - start);
      return;
    }
    this.#whole = true;
    this.#answer(request, compressed, start);
  }

  #answer(request: Buffer, compressed: boolean, start: number): void {
    this.#requestBytes = request.length - start;
    this.#opened(this.#method.answer(this, request, compressed, start));
  }

  #opened(listener: ServerListener): void {
    this.#listener = listener;
    if (this.#cut !== undefined) listener.onCancel(this.#cut);
  }

  // Called by the handler.

  get path(): string {
    return this.#method.path;
  }

  get peer(): string {
    return inProcessPeer;
  }

  get authority(): string {
    return inProcessPeer;
  }

  get secure(): boolean {
    return true;
  }

  get clientCertificate(): undefined {
    return undefined;
  }

  get deadline(): number {
    return this.#stream.deadline;
  }

  get requestCompression(): Compression {
    return this.#stream.requestCompression;
  }

  get metadata(): Metadata {
    this.#metadata ??= copyRequestMetadata(this.#stream.metadata);
    return this.#metadata;
  }

  accepts(compression: Compression): boolean {
    return this.#stream.accepts(compression);
  }

  observe(observer: MessageObserver): void {
    this.#observer = observer;
    if (this.#requestBytes !== -1) tellReceived(observer, this.#requestBytes, this.#requestBytes);
  }

  pull(): void {
    if (!this.#ended && !this.#whole) this.#stream.pull();
  }

  sendHeader(header: Metadata | undefined, compression: Compression): void {
    if (!this.#ended) this.#stream.sendHeader(header, compression);
  }

  send(message: Buffer, compress: boolean): boolean {
    if (this.#ended) return true;
    if (message.length <= this.#server.maxResponseBytes) {
      tellSent(this.#observer, message.length, message.length);
      return this.#stream.send(message, compress);
    }
    this.#cutOff(this.#responseFault(message.length));
    return true;
  }

  end(status: Status | undefined, response: Buffer | undefined, compress: boolean): void {
    if (this.#ended) return;
    this.#finish();
    if (response === undefined || response.length <= this.#server.maxResponseBytes) {
      if (response !== undefined) tellSent(this.#observer, response.length, response.length);
      this.#stream.end(status, response, compress);
    } else this.#stream.end(this.#responseFault(response.length), undefined, false);
  }

  // Called by the transport of the caller.

  onMessage(message: Buffer, compressed: boolean, start = 0): void {
    if (this.#ended) return;
    if (message.length - start > this.#server.maxRequestBytes) this.#endRequest(message.length - start);
    else if (this.#listener !== undefined) {
      tellReceived(this.#observer, message.length - start, message.length - start);
      this.#listener.onMessage(message, compressed, start);
    } else this.#answer(message, compressed, start);
  }

  onHalfClose(): void {
    if (this.#ended) return;
    if (this.#listener !== undefined) this.#listener.onHalfClose();
    else this.end(rejection(Code.UNIMPLEMENTED, `Received no request message for ${this.path}`), undefined, false);
  }

  onDrain(): void {
    if (!this.#ended) this.#listener?.onDrain();
  }

  onCancel(status: Status): void {
    if (this.#ended) return;
    this.#finish();
    this.#listener?.onCancel(status);
  }

  // The end.

  /** Ends the call on both sides, because the server ends. */
  destroy(): void {
    this.#cutOff(rejection(Code.UNAVAILABLE, `the server ended during ${this.path}`), rejection(Code.CANCELLED, "the server ended"));
  }

  /** Ends the call from within: for the caller, and for the handler. */
  #cutOff(status: Status, forHandler: Status = status): void {
    if (this.#ended) return;
    this.#finish();
    this.#stream.end(status, undefined, false);
    if (this.#listener === undefined) this.#cut = forHandler;
    else this.#listener.onCancel(forHandler);
  }

  #finish(): void {
    this.#ended = true;
    this.#server.ended(this);
  }

  #endRequest(bytes: number): void {
    const { maxSendMessageBytes } = this.#server.channelLimits;
    const { maxReceiveMessageBytes } = this.#server.serverLimits;
    if (bytes > maxSendMessageBytes) this.#cutOff(tooLarge("request", bytes, { maxSendMessageBytes }, true));
    else this.#cutOff(tooLarge("request", bytes, { maxReceiveMessageBytes }, false));
  }

  #responseFault(bytes: number): Status {
    const { maxSendMessageBytes } = this.#server.serverLimits;
    const { maxReceiveMessageBytes } = this.#server.channelLimits;
    return bytes > maxSendMessageBytes
      ? tooLarge("response", bytes, { maxSendMessageBytes }, false)
      : tooLarge("response", bytes, { maxReceiveMessageBytes }, true);
  }
}

/** The status of a call with a message that exceeds a limit, of the channel or of the server. */
function tooLarge(what: string, bytes: number, limit: Partial<MessageLimits>, byChannel: boolean): Status {
  const [[name, value] = []] = Object.entries(limit);
  const message = `a ${what} has ${bytes} bytes, and ${name} is ${value}`;
  const status = rejection(Code.RESOURCE_EXHAUSTED, message);
  return byChannel ? { ...status, cause: new Error(message) } : status;
}

function rejection(code: Code, message: string): Status {
  return { code, message, metadata: undefined };
}
