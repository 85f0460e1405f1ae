// A call within the process: its two directions of messages, and its end.
import type { MessageLimits } from "../../limits/limits.ts";
import type { Linked } from "../../linked-set.ts";
import { Code } from "../../protocol/code.ts";
import type { Compression } from "../../protocol/compression.ts";
import { fitStatus } from "../../protocol/fit-status.ts";
import type { QueuedMessage } from "../../protocol/message-queue.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import type { Status } from "../../protocol/status.ts";
import { steadyNow } from "../../steady-clock.ts";
import type { ClientListener, ClientStream, OutgoingCall } from "../client.ts";
import { type MessageObserver, tellReceived, tellSent } from "../message-size.ts";
import type { ServedMethod, ServerListener } from "../server.ts";
import { copyMetadata } from "./copy-metadata.ts";
import { MessageDirection } from "./message-direction.ts";
import { type InProcessServerCall, InProcessServerStream, inProcessPeer } from "./server-stream.ts";
import type { Due, Turn } from "./turn.ts";

const ok: Status = { code: Code.OK, message: "", metadata: undefined };
const cancelled: Status = { code: Code.CANCELLED, message: "the caller cancelled the call", metadata: undefined };
const timeUp: Status = { code: Code.DEADLINE_EXCEEDED, message: "deadline exceeded", metadata: undefined };

/** The server side that the calls share. */
export interface CallServer {
  readonly limits: MessageLimits;
  readonly turn: Turn;
  /** Counts a call that begins. */
  started(call: InProcessCall): void;
  /** Counts a call that has ended on both sides. */
  ended(call: InProcessCall): void;
}

/**
 * The client's stream. Messages are marked as compressed, but not compressed.
 *
 * What one end does reaches the other end in the next turn of the event loop.
 */
export class InProcessCall implements ClientStream, InProcessServerCall, Linked<InProcessCall>, Due {
  readonly peer = inProcessPeer;
  readonly #transport: CallServer;
  readonly #limits: MessageLimits;
  readonly #call: OutgoingCall;
  readonly #listener: ClientListener;
  #method: ServedMethod | undefined;
  #server: ServerListener | undefined;
  readonly #requests = new MessageDirection();
  readonly #responses = new MessageDirection();
  #header: Metadata | undefined;
  #compression: Compression = "identity";
  #headerSent = false;
  /** What observes the messages for the server. */
  #observer: MessageObserver | undefined;
  /** The size of the request with which `answer` has begun the call, or -1. */
  #requestBytes = -1;
  #headerCame = false;
  /** The status that the client gets after the responses. */
  #status: Status | undefined;
  /** The status that the handler gets by `onCancel`. */
  #cancelled: Status | undefined;
  /** Whether the client has its status, or has cancelled. */
  #clientDone = false;
  /** Whether the handler has ended the call, was cancelled, or was never called. */
  #serverDone = true;
  #halfCloseCame = false;
  due = false;
  previous: InProcessCall | undefined = undefined;
  next: InProcessCall | undefined = undefined;

  /** @param limits the limits of the client. */
  constructor(transport: CallServer, limits: MessageLimits, call: OutgoingCall, listener: ClientListener) {
    this.#transport = transport;
    this.#limits = limits;
    this.#call = call;
    this.#listener = listener;
  }

  get path(): string {
    return this.#call.method.path;
  }

  /** Whether the handler has ended the call, but the caller has not read the status. */
  get answered(): boolean {
    return this.#server !== undefined && this.#serverDone && !this.#clientDone;
  }

  /** Begins the call. The next turn calls the method. */
  start(method: ServedMethod): void {
    this.#method = method;
    this.#transport.started(this);
    const { request, compression } = this.#call;
    if (request !== undefined) {
      this.send(request, compression !== "identity");
      this.#requests.ended = true;
    }
    this.#transport.turn.add(this);
  }

  /** Ends the call with a status before it begins. */
  reject(status: Status): void {
    this.#status = status;
    this.#transport.turn.add(this);
  }

  // Called by the client.

  send(message: Buffer, compress: boolean): boolean {
    if (this.#clientDone || this.#status !== undefined) return true;
    const { maxSendMessageBytes } = this.#limits;
    if (message.length > maxSendMessageBytes) {
      this.#fail(`a request has ${message.length} bytes, and maxSendMessageBytes is ${maxSendMessageBytes}`, true);
      return true;
    }
    this.#transport.turn.add(this);
    tellSent(this.#call.onMessageSize, message.length, message.length);
    return this.#requests.send(message, compress && this.#call.compression !== "identity");
  }

  halfClose(): void {
    this.#requests.ended = true;
    this.#transport.turn.add(this);
  }

  pull(): void {
    this.#responses.pull();
    if (!this.#responses.isEmpty) this.#transport.turn.add(this);
  }

  cancel(code: Code): void {
    if (this.#clientDone) return;
    this.#clientDone = true;
    this.#responses.clear();
    this.#cancelHandler(code === Code.DEADLINE_EXCEEDED ? timeUp : cancelled);
  }

  // Called by the handler.

  observe(observer: MessageObserver): void {
    this.#observer = observer;
    if (this.#requestBytes !== -1) tellReceived(observer, this.#requestBytes, this.#requestBytes);
  }

  pullRequest(): void {
    this.#requests.pull();
    if (!this.#requests.isEmpty) this.#transport.turn.add(this);
  }

  sendHeader(header: Metadata | undefined, compression: Compression): void {
    if (this.#serverDone || this.#headerSent) return;
    this.#headerSent = true;
    this.#compression = compression;
    this.#header = header && copyMetadata(header);
    this.#transport.turn.add(this);
  }

  sendResponse(message: Buffer, compressed: boolean): boolean {
    if (this.#serverDone) return true;
    const { maxSendMessageBytes } = this.#transport.limits;
    if (message.length > maxSendMessageBytes) {
      this.#fail(`a response has ${message.length} bytes, and maxSendMessageBytes is ${maxSendMessageBytes}`, false);
      return true;
    }
    this.#headerSent = true;
    this.#transport.turn.add(this);
    tellSent(this.#observer, message.length, message.length);
    return this.#responses.send(message, compressed);
  }

  end(status: Status | undefined): void {
    if (this.#serverDone) return;
    this.#serverDone = true;
    this.#requests.clear();
    this.#status ??= status === undefined ? ok : sent(status);
    this.#transport.turn.add(this);
  }

  /** Ends the call on both sides. */
  destroy(): void {
    this.#responses.clear();
    this.#status = { code: Code.UNAVAILABLE, message: `the server ended during ${this.#call.method.path}`, metadata: undefined };
    this.#cancelHandler({ code: Code.CANCELLED, message: "the server ended", metadata: undefined });
  }

  deliver(): void {
    if (this.#method !== undefined && this.#server === undefined) this.#open(this.#method);
    if (this.#server !== undefined && !this.#serverDone) this.#deliverRequests(this.#server);
    if (!this.#clientDone) this.#deliverResponses();
    if (this.#server !== undefined && !this.#serverDone && this.#responses.drained()) this.#server.onDrain();
    if (this.#clientDone && this.#serverDone) this.#transport.ended(this);
  }

  #open(method: ServedMethod): void {
    if (this.#clientDone || this.#status !== undefined) return;
    const { maxReceiveMessageBytes } = this.#transport.limits;
    const { request: whole } = this.#call;
    const opens = method.early && (whole === undefined || whole.length > maxReceiveMessageBytes);
    // This method needs its request to be opened.
    if (!opens && this.#requests.isEmpty) return;
    if (this.#call.deadline <= steadyNow()) {
      this.#status = timeUp;
      return;
    }
    this.#serverDone = false;
    const stream = new InProcessServerStream(this, this.#call);
    if (opens) {
      this.#server = method.open(stream);
      return;
    }
    this.#halfCloseCame = true;
    this.#requests.pull();
    const request = this.#takeRequest();
    if (request === undefined) this.#serverDone = true;
    else {
      this.#requestBytes = request.bytes.length;
      this.#server = method.answer(stream, request.bytes, request.compressed);
    }
  }

  /**
   * Returns the next request, if the handler has pulled one. A request that is too large ends the
   * call.
   */
  #takeRequest(): QueuedMessage | undefined {
    const request = this.#requests.take();
    const { maxReceiveMessageBytes } = this.#transport.limits;
    if (request === undefined || request.bytes.length <= maxReceiveMessageBytes) return request;
    this.#fail(`a request has ${request.bytes.length} bytes, and maxReceiveMessageBytes is ${maxReceiveMessageBytes}`, false);
    return undefined;
  }

  #deliverRequests(server: ServerListener): void {
    for (let request = this.#takeRequest(); request !== undefined; request = this.#takeRequest()) {
      tellReceived(this.#observer, request.bytes.length, request.bytes.length);
      server.onMessage(request.bytes, request.compressed);
      if (this.#serverDone) return;
    }
    if (this.#cancelled !== undefined) {
      this.#serverDone = true;
      this.#requests.clear();
      server.onCancel(this.#cancelled);
      return;
    }
    if (this.#requests.ended && this.#requests.isEmpty && !this.#halfCloseCame) {
      this.#halfCloseCame = true;
      server.onHalfClose();
    }
  }

  #deliverResponses(): void {
    const listener = this.#listener;
    if (this.#headerSent && !this.#headerCame) {
      this.#headerCame = true;
      listener.onHeader(this.#header, this.#compression);
    }
    const { maxReceiveMessageBytes } = this.#limits;
    for (let response = this.#take(); response !== undefined; response = this.#take()) {
      const { bytes, compressed } = response;
      if (bytes.length <= maxReceiveMessageBytes) {
        tellReceived(this.#call.onMessageSize, bytes.length, bytes.length);
        listener.onMessage(bytes, compressed);
      } else this.#fail(`a response has ${bytes.length} bytes, and maxReceiveMessageBytes is ${maxReceiveMessageBytes}`, true);
    }
    if (this.#clientDone) return;
    if (this.#requests.drained()) listener.onDrain();
    if (this.#status === undefined || !this.#responses.isEmpty) return;
    this.#clientDone = true;
    listener.onStatus(this.#status);
  }

  #take(): QueuedMessage | undefined {
    return this.#clientDone ? undefined : this.#responses.take();
  }

  /** Ends the call with RESOURCE_EXHAUSTED, and drops the queued messages. */
  #fail(message: string, byClient: boolean): void {
    this.#responses.clear();
    const code = Code.RESOURCE_EXHAUSTED;
    this.#status = { code, message, metadata: undefined, cause: byClient ? new Error(message) : undefined };
    this.#cancelHandler(byClient ? cancelled : this.#status);
  }

  /** Cancels the call for the handler. */
  #cancelHandler(status: Status): void {
    this.#requests.clear();
    if (!this.#serverDone) this.#cancelled ??= status;
    this.#transport.turn.add(this);
  }
}

function sent(status: Status): Status {
  const { code, message, metadata } = fitStatus(status);
  return { code, message: message.toWellFormed(), metadata: metadata && copyMetadata(metadata) };
}
