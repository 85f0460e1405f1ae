// One call of a client, whatever its kind: how it begins, and how it ends, once. What it receives is for its subclasses.
import type { Message } from "@bufbuild/protobuf";
import { noteCompressed } from "../protocol/came-compressed.ts";
import { Code } from "../protocol/code.ts";
import { type Compression, isCompression } from "../protocol/compression.ts";
import { errorFromStatus, ofMethod, RpcError } from "../protocol/error.ts";
import { Metadata, MetadataError, toMetadata } from "../protocol/metadata.ts";
import { custom, requestFault } from "../protocol/metadata-rules.ts";
import type { Status } from "../protocol/status.ts";
import type { Channel, ClientListener, ClientStream, OutgoingCall } from "../transport/client.ts";
import type { BoundMethod } from "./bound-method.ts";
import { contextOf, type Interceptable } from "./call-context.ts";
import { cancelled, deadlineExceeded, reasonOf, unreadable, unsendable, unwritable } from "./call-errors.ts";
import { Cutoff, type Endable } from "./cutoff.ts";
import { Interception } from "./interception.ts";
import { type CallOptions, deadlineOf, noOptions, type SendOptions, sendOptionsFault } from "./options.ts";
import { Settling } from "./rejection.ts";
import { notTaken, SendQueue, taken } from "./send-queue.ts";

// Of what a call holds on to, nothing is an object literal: where V8 finds that the objects of a literal live long, as those of a hundred calls in
// flight do, it makes all further ones old. They then keep alive whatever they refer to, until the next full collection.

/** It is what the channel opens, and what hears of the stream: one object a call. */
export abstract class Call implements OutgoingCall, ClientListener, Interceptable, Endable {
  readonly channel: Channel;
  readonly method: BoundMethod;
  deadline = Number.POSITIVE_INFINITY;
  metadata: Metadata | undefined = undefined;
  readonly compression: Compression;
  readonly waitForReady: boolean | undefined;
  readonly authority: string | undefined;
  request: Buffer | undefined = undefined;
  readonly previousAttempts = 0;
  /** Where there is more than one request. */
  readonly #requests: SendQueue | undefined;
  #options: CallOptions;
  /** Until the reader knows how the call ended. */
  #cutoff: Cutoff | undefined = undefined;
  #interception: Interception | undefined = undefined;
  #onEnd: (() => void) | undefined = undefined;
  /** Whether the interceptors, if there are any, have let the call begin. */
  #mayBegin = false;
  protected stream: ClientStream | undefined = undefined;
  /** Whether nothing comes from the stream any more. */
  #streamEnded = false;
  #header: Metadata | undefined = undefined;
  #headerCame = false;
  #headerReader: Settling<Metadata> | undefined = undefined;
  #trailer: Metadata | undefined = undefined;
  #cancelled: RpcError | undefined = undefined;
  /** Whether a fault on this side is what the call fails with. */
  #hasFault = false;
  #fault: unknown = undefined;
  ended = false;
  /** Whether the reader knows how the call ended. */
  protected endRead = false;
  /** With what the call failed, once it has ended. Undefined: it ended with OK. */
  #failure: unknown = undefined;
  /** An error that the call has made, and that has no stack of its caller. */
  #made: RpcError | undefined = undefined;

  constructor(channel: Channel, method: BoundMethod, options: CallOptions) {
    this.channel = channel;
    this.method = method;
    this.#options = options;
    this.compression = options.compression ?? "identity";
    this.waitForReady = options.waitForReady;
    this.authority = options.authority;
    this.#requests = method.requestStream ? new SendQueue() : undefined;
  }

  // How it begins.

  /** @param refusal why the call cannot be made. */
  begin(refusal: TypeError | undefined): void {
    try {
      if (refusal !== undefined) throw refusal;
      const { timeoutMs, deadline } = this.#options;
      if (timeoutMs !== undefined || deadline !== undefined) this.deadline = deadlineOf(this.#options);
    } catch (fault) {
      this.#finish(fault);
      return;
    }
    const { signal } = this.#options;
    if (signal?.aborted) {
      this.#finish(reasonOf(signal, this.method));
      return;
    }
    if (this.deadline !== Number.POSITIVE_INFINITY || signal !== undefined) {
      const waitMs = this.deadline - Date.now();
      if (waitMs <= 0) {
        this.#finish(deadlineExceeded(this.method, "had no time left when it was called"));
        return;
      }
      this.#cutoff = new Cutoff(this, waitMs, signal);
    }
    if (this.method.interceptors.length === 0) this.#allow();
    else this.#intercept();
  }

  #intercept(): void {
    const interception = new Interception();
    this.#interception = interception;
    const begin = () => {
      if (this.ended) interception.settle(this.#failure);
      else if (this.#cancelled !== undefined) interception.settle(this.#cancelled);
      else this.#allow();
    };
    interception.run(this.method.interceptors, contextOf(this, interception), begin).then(
      () => this.#finish(undefined),
      (failure: unknown) => {
        this.#endStream(Code.CANCELLED, "an interceptor ended the call");
        this.#finish(unsendable(this.method, failure));
      },
    );
  }

  /** The call may begin. An only request may still have to come. */
  #allow(): void {
    this.#mayBegin = true;
    if (this.request !== undefined || this.#requests !== undefined) this.#open();
  }

  #open(): void {
    try {
      // An interceptor that keeps the process busy keeps the timer from firing.
      if (this.deadline !== Number.POSITIVE_INFINITY && this.deadline <= Date.now()) {
        throw deadlineExceeded(this.method, "had no time left when it was to be sent");
      }
      if (!isCompression(this.compression)) {
        throw ofMethod(this.method.path, new RpcError(Code.INVALID_ARGUMENT, `no such compression: ${String(this.compression)}`));
      }
      const { metadata } = this.#options;
      if (metadata !== undefined) this.metadata ??= toMetadata(metadata);
      const fault = this.metadata && requestFault(this.metadata);
      if (fault !== undefined) throw new MetadataError(fault);
      this.stream = this.channel.open(this, this);
    } catch (thrown) {
      this.#outcome(unsendable(this.method, thrown));
      return;
    }
    this.#interception?.begun();
    this.pull(this.stream);
    this.#requests?.begin(this.stream);
  }

  // What it sends.

  /** Sends the only request. */
  sendOnly(init: unknown): void {
    this.request = this.#encode(init);
    if (this.request !== undefined && this.#mayBegin) this.#open();
  }

  /** Resolves once there is room for more: to false, if the call has ended, also by a message that cannot be written. */
  send(init: unknown, options?: SendOptions): Promise<boolean> {
    const requests = this.#requests;
    if (requests === undefined || requests.closed) throw new TypeError("send() after closeSend()");
    const fault = sendOptionsFault(options);
    if (fault !== undefined) this.abandon(fault);
    const bytes = this.#encode(init);
    if (bytes === undefined) return notTaken;
    return requests.send(bytes, options?.compress ?? true) ? taken : requests.room;
  }

  /** No more requests. */
  closeSend(): void {
    this.#requests?.close();
  }

  onDrain(): void {
    this.#requests?.drained();
  }

  /** A request as bytes; undefined, if the call has ended. */
  #encode(init: unknown): Buffer | undefined {
    if (this.ended || this.#cancelled !== undefined) return undefined;
    try {
      this.#interception?.showRequest(init as object);
      return this.method.input.encode(init as never);
    } catch (cause) {
      this.refuse(cause);
      return undefined;
    }
  }

  /** Ends the call because of a request. */
  refuse(fault: unknown): void {
    this.cancel(fault instanceof RpcError ? fault : unwritable(this.method, fault));
  }

  // What it receives.

  /** Asks for responses. The call has begun. */
  protected abstract pull(stream: ClientStream): void;

  /** A response has come. */
  protected abstract receive(message: Buffer, compressed: boolean): void;

  /** Why a response that has come to its end with OK is wrong, all the same. */
  protected abstract endFault(): RpcError | undefined;

  /** The reader does not want the responses that it has not read. */
  protected abstract dropResponses(): void;

  /** The call has ended. */
  protected abstract finished(): void;

  onHeader(header: Metadata | undefined): void {
    // Nothing is sent again once a header has come (gRFC A6).
    this.request = undefined;
    this.#header = header;
    this.#headerCame = true;
    if (this.#headerReader !== undefined) this.#settleHeader(this.#headerReader);
    if (this.#options.onHeader !== undefined) {
      callBack(this.#options, "onHeader", this.#knownHeader, (fault) => this.abandon(fault, "onHeader failed"));
    }
  }

  onMessage(message: Buffer, compressed: boolean): void {
    if (this.#cancelled === undefined) this.receive(message, compressed);
  }

  onStatus(status: Status): void {
    this.#streamEnded = true;
    if (this.#cancelled !== undefined) return;
    this.#trailer = status.metadata;
    const { path } = this.method;
    const failure = status.code === Code.OK ? this.endFault() : ofMethod(path, errorFromStatus(status));
    this.#outcome(failure && this.made(failure));
  }

  /** The response's header. Rejects with what ended the call, if that came first and is not OK. */
  header(): Promise<Metadata> {
    if (this.#headerReader === undefined) {
      this.#headerReader = new Settling();
      if (this.#headerCame || this.ended) this.#settleHeader(this.#headerReader);
    }
    return this.#headerReader.promise;
  }

  /** The header; empty if there is none. */
  get #knownHeader(): Metadata {
    this.#header ??= new Metadata();
    return this.#header;
  }

  #settleHeader(reader: Settling<Metadata>): void {
    if (this.#headerCame || this.#failure === undefined) reader.resolve(this.#knownHeader);
    else reader.reject(this.#failure, this.isFresh(this.#failure));
  }

  /** A response's message, as the interceptors see it. Throws if it cannot be parsed; the call has ended then. */
  parse(bytes: Buffer, compressed: boolean): Message {
    try {
      const message = this.method.output.decode(bytes);
      if (compressed) noteCompressed(message);
      this.#interception?.showResponse(message);
      return message;
    } catch (cause) {
      const error = cause instanceof RpcError ? cause : this.made(unreadable(this.method, cause));
      this.cancel(error);
      throw error;
    }
  }

  // How it ends.

  /**
   * Ends the call, unless the reader knows its end. What has not been read is dropped, and reading ends with the reason: also if the call has ended with OK,
   * since half of the responses must not pass for all of them.
   */
  cancel(reason: RpcError = this.made(cancelled(this.method))): void {
    if (this.endRead || this.#cancelled !== undefined) return;
    this.#cancelled = reason;
    this.dropResponses();
    if (this.ended) {
      this.#failure ??= reason;
      return;
    }
    this.#cutoff?.stop();
    this.#interception?.abort(reason);
    if (this.#endStream(reason.code, reason.message)) this.#outcome(reason);
    else this.#finish(reason);
  }

  /** Ends the call from outside. */
  cutOff(reason: RpcError): void {
    this.cancel(this.made(reason));
  }

  unmet(within: string): string {
    if (this.stream === undefined) return `was not sent ${within}: an interceptor waits`;
    return this.stream.peer === undefined ? `had no connection ${within}` : `did not end ${within}`;
  }

  /** Ends the call because of a fault on this side, which is then what the reader gets. */
  abandon(fault: unknown, what = "the request stream failed"): void {
    if (this.ended) return;
    if (!this.#hasFault) {
      this.#hasFault = true;
      this.#fault = fault;
    }
    this.cancel(new RpcError(Code.CANCELLED, what));
  }

  /** Calls `listener` when the call ends; at once, if it has. One listener only. */
  onEnd(listener: () => void): void {
    if (this.ended) listener();
    else this.#onEnd = listener;
  }

  /** Ends the stream, if there is one that has not ended. Returns whether there was. */
  #endStream(code: Code, message: string): boolean {
    if (this.stream === undefined || this.#streamEnded) return false;
    this.#streamEnded = true;
    this.stream.cancel(code, message);
    return true;
  }

  /** The stream has ended; what that means is for the interceptors to say, if there are any. */
  #outcome(failure: unknown): void {
    if (!this.#interception?.settle(failure)) this.#finish(failure);
  }

  #finish(failure: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.#failure = this.#hasFault ? this.#fault : (failure ?? this.#cancelled);
    this.#cutoff?.stop();
    if (this.stream !== undefined && this.#options.onTrailer !== undefined) {
      callBack(this.#options, "onTrailer", this.trailer ?? new Metadata(), (fault) => {
        this.#failure ??= fault;
      });
    }
    if (this.#failure !== undefined) this.#interception?.abort(this.#failure);
    this.#requests?.end();
    if (this.#headerReader !== undefined) this.#settleHeader(this.#headerReader);
    this.finished();
    this.#onEnd?.();
    // The caller may keep the call for its trailer.
    this.#options = noOptions;
  }

  /** Notes that an error has no stack of its caller yet. */
  made(error: RpcError): RpcError {
    this.#made = error;
    return error;
  }

  /** The caller's signal has no listener any more once the call has ended, but still says that the caller has lost interest. */
  protected heedSignal(): void {
    const reason = this.ended ? this.#cutoff?.aborted : undefined;
    if (reason !== undefined) this.cutOff(reason);
  }

  /** The reader learns how the call ended: by this failure, if any. */
  readEnd(): unknown {
    this.endRead = true;
    this.#cutoff = undefined;
    return this.#failure;
  }

  /** Whether a failure still has to get a stack of its caller. Says so once. */
  isFresh(failure: unknown): boolean {
    if (failure !== this.#made) return false;
    this.#made = undefined;
    return true;
  }

  // What interceptors, and callers, see of it.

  /** The request's metadata, which interceptors may change. */
  get requestMetadata(): Metadata {
    // Not the caller's own, which may be used for other calls too.
    this.metadata ??= new Metadata(this.#options.metadata);
    return this.metadata;
  }

  get responseHeader(): Metadata | undefined {
    return this.#headerCame ? this.#knownHeader : undefined;
  }

  get trailer(): Metadata | undefined {
    if (this.#streamEnded) this.#trailer = custom(this.#trailer ?? new Metadata());
    return this.#trailer;
  }
}

/** Calls what the caller gave. A fault of it, even one that a promise brings later, is the call's, and never the process's. */
function callBack(options: CallOptions, name: "onHeader" | "onTrailer", metadata: Metadata, onFault: (fault: unknown) => void): void {
  try {
    const result: unknown = options[name]?.(metadata);
    if (result instanceof Promise) result.catch(onFault);
  } catch (fault) {
    onFault(fault);
  }
}
