// A client call of any kind: it begins, sends requests, and ends once. Subclasses handle responses.
import type { Message } from "@bufbuild/protobuf";
import type { AnyIterable } from "../iterable.ts";
import { enter, outerCall, outside } from "../propagation/current.ts";
import type { OuterCall } from "../propagation/outer-call.ts";
import { noteCompressed } from "../protocol/came-compressed.ts";
import { Code } from "../protocol/code.ts";
import { type Compression, isCompression } from "../protocol/compression.ts";
import { errorFromStatus, ofMethod, RpcError } from "../protocol/error.ts";
import { Metadata, MetadataError, toMetadata } from "../protocol/metadata.ts";
import { custom, requestFault } from "../protocol/metadata-rules.ts";
import { describeNonMessage, describeNonObject } from "../protocol/no-message.ts";
import type { Status } from "../protocol/status.ts";
import { steadyNow } from "../steady-clock.ts";
import type { AttemptObserver, Channel, ClientListener, ClientStream, OutgoingCall } from "../transport/client.ts";
import { waitingFor } from "../transport/connect-cause.ts";
import type { MessageObserver } from "../transport/message-size.ts";
import type { BoundMethod } from "./bound-method.ts";
import { cancelled, deadlineExceeded, unreadable, unsendable, unwritable } from "./call-errors.ts";
import { type Cutoff, type Endable, watch } from "./cutoff.ts";
import type { CallHandle, EndListener } from "./handles.ts";
import { type CallOptions, callBack, noOptions, type SendOptions, sendOptionsFault } from "./options.ts";
import { Settling } from "./rejection.ts";
import { sendAll } from "./send-all.ts";
import { notTaken, SendQueue, taken } from "./send-queue.ts";

// A call refers to class instances only, never to object literals. V8 allocates literals that tend
// to live long, such as those of a hundred calls in flight, directly in old space. There they keep
// everything that they refer to alive until the next full collection.

/**
 * Serves as the channel's `OutgoingCall` and as the stream's listener: a call is one allocation.
 */
export abstract class Call implements OutgoingCall, ClientListener, CallHandle, Endable {
  readonly channel: Channel;
  readonly method: BoundMethod;
  deadline = Number.POSITIVE_INFINITY;
  metadata: Metadata | undefined = undefined;
  readonly compression: Compression;
  readonly waitForReady: boolean | undefined;
  readonly authority: string | undefined;
  request: Buffer | undefined = undefined;
  readonly previousAttempts = 0;
  onAttempt: AttemptObserver | undefined = undefined;
  onMessageSize: MessageObserver | undefined = undefined;
  /** Set if the method streams its requests. */
  readonly #requests: SendQueue | undefined;
  #options: CallOptions;
  /** The call in whose handler this call is made. Callbacks run in it. */
  #outer: OuterCall | undefined = undefined;
  /** Kept until the reader has seen the end of the call. */
  #cutoff: Cutoff | undefined = undefined;
  #onEnd: EndListener | undefined = undefined;
  /** True once the call has begun. A call with a single request is sent once it has that request. */
  #mayBegin = false;
  protected stream: ClientStream | undefined = undefined;
  /** True once the stream has delivered its status or was cancelled. */
  #streamEnded = false;
  #header: Metadata | undefined = undefined;
  #headerCame = false;
  #headerReader: Settling<Metadata> | undefined = undefined;
  #trailer: Metadata | undefined = undefined;
  #cancelled: RpcError | undefined = undefined;
  /** True if the call fails with `#fault`, a local error, instead of its status. */
  #hasFault = false;
  #fault: unknown = undefined;
  ended = false;
  /** True once the reader has seen the end of the call. */
  endRead = false;
  /** The error that ended the call. Undefined while the call runs, and after OK. */
  #failure: unknown = undefined;
  /** An error that the call created, and whose stack does not contain the caller yet. */
  #freshError: RpcError | undefined = undefined;
  /** The error that the call created last. */
  created: RpcError | undefined = undefined;

  constructor(channel: Channel, method: BoundMethod, options: CallOptions) {
    this.channel = channel;
    this.method = method;
    this.#options = options;
    this.compression = options.compression === undefined ? "identity" : options.compression;
    this.waitForReady = options.waitForReady;
    this.authority = options.authority;
    this.#requests = method.requestStream ? new SendQueue() : undefined;
  }

  // Beginning.

  /** @param invalidOptions the error for the call's options. The call ends with it. */
  begin(invalidOptions: TypeError | undefined): void {
    try {
      if (invalidOptions !== undefined) throw invalidOptions;
      this.#outer = outerCall();
      this.#cutoff = watch(this, this.#options, this.#outer);
    } catch (fault) {
      this.#finish(fault);
      return;
    }
    this.beginWith(this.deadline);
  }

  inherit(metadata: Metadata): void {
    this.metadata = metadata;
  }

  /**
   * Begins without the checks of `begin()`. The caller of this method watches the deadline and the
   * signal.
   * @param deadline by `steadyNow()`, or Infinity.
   */
  beginWith(deadline: number): void {
    this.deadline = deadline;
    this.#mayBegin = true;
    if (this.request !== undefined || this.#requests !== undefined) this.#open();
  }

  /**
   * Makes the call an attempt of another call, which watches the deadline and the signal from now on.
   * Returns what has watched them.
   */
  release(options: CallOptions): Cutoff | undefined {
    const cutoff = this.#cutoff;
    this.#cutoff = undefined;
    if (!this.ended) this.#options = options;
    return cutoff;
  }

  #open(): void {
    try {
      // The deadline's timer fires late if an interceptor blocks the event loop.
      if (this.deadline !== Number.POSITIVE_INFINITY && this.deadline <= steadyNow()) {
        throw deadlineExceeded(this.method, "had no time left before it was sent");
      }
      if (!isCompression(this.compression)) {
        throw ofMethod(
          this.method.path,
          new RpcError(Code.INVALID_ARGUMENT, `compression must be identity, gzip or deflate, got ${String(this.compression)}`),
        );
      }
      const { metadata } = this.#options;
      if (metadata !== undefined) this.metadata ??= toMetadata(metadata);
      const fault = this.metadata && requestFault(this.metadata);
      if (fault !== undefined) throw new MetadataError(fault);
      // Outside of the call that runs: a connection, and timers, may outlive it.
      this.stream = outside(() => this.channel.open(this, this));
    } catch (thrown) {
      this.#finish(unsendable(this.method, thrown));
      return;
    }
    this.pull(this.stream);
    this.#requests?.begin(this.stream);
  }

  // Sending.

  /** Sends the single request of a unary or server streaming call. */
  sendOnly(init: unknown): void {
    this.request = this.#encode(init);
    if (this.request !== undefined && this.#mayBegin) this.#open();
  }

  /**
   * Resolves to true once there is room for another request, and to false if the call has ended. A
   * message that cannot be encoded ends the call.
   */
  send(init: unknown, options?: SendOptions): Promise<boolean> {
    const requests = this.#requests;
    if (requests === undefined || requests.closed) throw new TypeError("send() after closeSend()");
    const fault = sendOptionsFault(options);
    if (fault !== undefined) this.abandon(fault);
    const bytes = this.#encode(init);
    if (bytes === undefined) return notTaken;
    return requests.send(bytes, options?.compress ?? true) ? taken : requests.room;
  }

  sendFrom(requests: AnyIterable): void {
    sendAll(this, requests);
  }

  get peer(): string | undefined {
    return this.stream?.peer;
  }

  /** Whether the call was sent. */
  get wasSent(): boolean {
    return this.stream !== undefined;
  }

  closeSend(): void {
    this.#requests?.close();
  }

  onDrain(): void {
    this.#requests?.drained();
  }

  /** Encodes a request. Returns undefined if the call has ended. */
  #encode(init: unknown): Buffer | undefined {
    if (this.ended || this.#cancelled !== undefined) return undefined;
    try {
      const kind = describeNonObject(init);
      if (kind !== undefined) throw new TypeError(`a message must be an object, got ${kind}`);
      const bytes = this.method.input.encode(init as never);
      const empty = bytes.length === 0 ? describeNonMessage(init as object) : undefined;
      if (empty !== undefined) throw new TypeError(`a message must be an object with fields, got ${empty}`);
      return bytes;
    } catch (cause) {
      this.#rejectRequest(cause);
      return undefined;
    }
  }

  /** Ends the call because a request cannot be sent. */
  #rejectRequest(fault: unknown): void {
    this.cancel(fault instanceof RpcError ? fault : unwritable(this.method, fault));
  }

  // Receiving.

  /** Pulls the first responses. Called once the stream is open. */
  protected abstract pull(stream: ClientStream): void;

  /** Handles a response. */
  protected abstract receive(message: Buffer, compressed: boolean): void;

  /** Returns an error if too few responses preceded an OK status. */
  protected abstract endFault(): RpcError | undefined;

  /** Drops unread responses. */
  protected abstract dropResponses(): void;

  /** Settles pending reads: the call has ended. */
  protected abstract finished(): void;

  onHeader(header: Metadata | undefined): void {
    // A header commits the call: the channel never retries it (gRFC A6).
    this.request = undefined;
    this.#header = header;
    this.#headerCame = true;
    if (this.#headerReader !== undefined) this.#settleHeader(this.#headerReader);
    if (this.#options.onHeader !== undefined) {
      enter(this.#outer, callBack, this.#options, "onHeader", this.knownHeader, (fault) => this.abandon(fault, "onHeader failed"));
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
    this.#finish(failure && this.fresh(failure));
  }

  /** Resolves with the response's header. Rejects if the call fails before it arrives. */
  header(): Promise<Metadata> {
    if (this.#headerReader === undefined) {
      this.#headerReader = new Settling();
      if (this.#headerCame || this.ended) this.#settleHeader(this.#headerReader);
    }
    return this.#headerReader.promise;
  }

  /** The header received. Empty if it has no metadata. */
  get knownHeader(): Metadata {
    this.#header ??= new Metadata();
    return this.#header;
  }

  #settleHeader(reader: Settling<Metadata>): void {
    if (this.#headerCame || this.#failure === undefined) reader.resolve(this.knownHeader);
    else reader.reject(this.#failure, this.isFresh(this.#failure));
  }

  /** Decodes a response. If that fails, ends the call and throws. */
  parse(bytes: Buffer, compressed: boolean): Message {
    try {
      const message = this.method.output.decode(bytes);
      if (compressed) noteCompressed(message);
      return message;
    } catch (cause) {
      const error = this.fresh(unreadable(this.method, cause));
      this.cancel(error);
      throw error;
    }
  }

  // Ending.

  /**
   * Ends the call, unless the reader has seen its end. Drops unread responses, so that reads fail
   * with the reason. This also applies after an OK status: a partial stream of responses must never
   * look complete.
   */
  cancel(reason: RpcError = this.fresh(cancelled(this.method))): void {
    if (this.endRead || this.#cancelled !== undefined) return;
    this.#cancelled = reason;
    this.dropResponses();
    if (this.ended) {
      this.#failure ??= reason;
      return;
    }
    this.#cutoff?.stop();
    this.#endStream(reason.code, reason.message);
    this.#finish(reason);
  }

  /** Ends the call because its deadline passed or its signal aborted. */
  cutOff(reason: RpcError): void {
    this.cancel(this.fresh(reason));
  }

  describeTimeout(within: string): string {
    if (this.stream === undefined) return `was not sent ${within}`;
    const { peer, waitsFor } = this.stream;
    return peer === undefined ? `had no connection ${within}${waitingFor(waitsFor)}` : `did not end ${within}`;
  }

  /** Ends the call because of a local error. The reader receives that error. */
  abandon(fault: unknown, what = "the request stream failed"): void {
    if (this.ended) return;
    if (!this.#hasFault) {
      this.#hasFault = true;
      this.#fault = fault;
    }
    this.cancel(new RpcError(Code.CANCELLED, what));
  }

  /** Tells `listener` when the call ends, or at once if it has ended. A call has one listener. */
  onEnd(listener: EndListener): void {
    if (this.ended) listener.callEnded(this.#failure);
    else this.#onEnd = listener;
  }

  /** Cancels the stream, if it runs. */
  #endStream(code: Code, message: string): void {
    if (this.stream === undefined || this.#streamEnded) return;
    this.#streamEnded = true;
    this.stream.cancel(code, message);
  }

  #finish(failure: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.#failure = this.#hasFault ? this.#fault : (failure ?? this.#cancelled);
    this.#cutoff?.stop();
    if (this.stream !== undefined && this.#options.onTrailer !== undefined) {
      enter(this.#outer, callBack, this.#options, "onTrailer", this.trailer ?? new Metadata(), (fault) => {
        this.#failure ??= fault;
      });
    }
    this.#requests?.end();
    if (this.#headerReader !== undefined) this.#settleHeader(this.#headerReader);
    this.finished();
    if (this.#onEnd !== undefined) enter(this.#outer, tellListener, this.#onEnd, this.#failure);
    // A caller that keeps the call for its trailer must not keep its options alive.
    this.#options = noOptions;
    this.#outer = undefined;
  }

  /** Marks an error as created by the call: its stack does not contain the caller yet. */
  fresh(error: RpcError): RpcError {
    this.created = error;
    this.#freshError = error;
    return error;
  }

  /** Checks the caller's signal before a read. An ended call no longer listens to the signal. */
  protected checkSignal(): void {
    const reason = this.ended ? this.#cutoff?.aborted : undefined;
    if (reason !== undefined) this.cutOff(reason);
  }

  /** Called when the reader sees the end of the call. Returns the failure, or undefined for OK. */
  readEnd(): unknown {
    this.endRead = true;
    this.#cutoff = undefined;
    return this.#failure;
  }

  /** True if the stack of a failure does not contain the caller yet. Returns true once. */
  isFresh(failure: unknown): boolean {
    if (failure !== this.#freshError) return false;
    this.#freshError = undefined;
    return true;
  }

  // Members that callers see.

  get trailer(): Metadata | undefined {
    if (this.#streamEnded) this.#trailer = custom(this.#trailer ?? new Metadata());
    return this.#trailer;
  }
}

function tellListener(listener: EndListener, failure: unknown): void {
  listener.callEnded(failure);
}
