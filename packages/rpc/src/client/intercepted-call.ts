// A call of a client with interceptors: what the caller holds. Each innermost `next()` makes a call
// of its own, an attempt. Subclasses handle responses.
import { ContextValues } from "../context-values.ts";
import { type Chain, ignorable, intercept, isPromise } from "../intercept/chain.ts";
import { type EndListeners, tellEnd, withListener } from "../intercept/end-listeners.ts";
import type { Interceptors } from "../intercept/only-for.ts";
import type { AnyChange, AnyResponse, MaybePromise } from "../intercept/types.ts";
import type { AnyIterable } from "../iterable.ts";
import { enter, outerCall } from "../propagation/current.ts";
import type { OuterCall } from "../propagation/outer-call.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { Metadata } from "../protocol/metadata.ts";
import { toSystemTime } from "../steady-clock.ts";
import type { AttemptObserver, Channel } from "../transport/client.ts";
import { bothObservers, type MessageObserver, safely } from "../transport/message-size.ts";
import type { BoundMethod } from "./bound-method.ts";
import type { Call } from "./call.ts";
import { cancelled, unsendable } from "./call-errors.ts";
import { ClientView, type ViewSource } from "./call-view.ts";
import type { ClientInterceptor } from "./context.ts";
import { type Cutoff, type Endable, watch } from "./cutoff.ts";
import type { CallHandle } from "./handles.ts";
import { type CallOptions, callBack, type SendOptions, sendOptionsFault } from "./options.ts";
import { Settling } from "./rejection.ts";
import { RequestPipe, RequestSource } from "./request-source.ts";
import { sendAll } from "./send-all.ts";

export abstract class InterceptedCall implements CallHandle, Endable, Chain<ClientView>, ViewSource {
  readonly promises = true;
  given: MaybePromise<AnyResponse> | undefined = undefined;
  readonly channel: Channel;
  readonly method: BoundMethod;
  readonly interceptors: Interceptors<ClientInterceptor>;
  readonly #options: CallOptions;
  /** The call in whose handler this call is made. Callbacks run in it. */
  #outer: OuterCall | undefined = outerCall();
  deadline = Number.POSITIVE_INFINITY;
  #cutoff: Cutoff | undefined = undefined;
  #metadata: Metadata | undefined = undefined;
  #values: ContextValues | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #onEnd: EndListeners<unknown> = undefined;
  #onAttempt: AttemptObserver | undefined = undefined;
  #onMessageSize: MessageObserver | undefined = undefined;
  readonly #pipe: RequestPipe | undefined;
  /** The options of requests that pass through interceptors before they are sent. */
  #sendOptions: WeakMap<object, SendOptions> | undefined = undefined;
  #lastAttempt: Call | undefined = undefined;
  #earlierAttempts: Call[] | undefined = undefined;
  /** Whether the response has come, with the header of the last attempt if there was none before. */
  #headerCame = false;
  #header: Metadata | undefined = undefined;
  #headerReader: Settling<Metadata> | undefined = undefined;
  /** Whether `onTrailer` has been called: the call that this one takes over from had ended. */
  #trailerGiven = false;
  protected ended = false;
  /** The error that ended the call. Undefined while the call runs, and after OK. */
  protected failure: unknown = undefined;
  #freshError: unknown = undefined;

  constructor(channel: Channel, method: BoundMethod, interceptors: Interceptors<ClientInterceptor>, options: CallOptions) {
    this.channel = channel;
    this.method = method;
    this.interceptors = interceptors;
    this.#options = options;
    this.#values = options.values;
    this.#pipe = method.requestStream ? new RequestPipe() : undefined;
  }

  // Beginning.

  begin(invalidOptions: TypeError | undefined): void {
    try {
      if (invalidOptions !== undefined) throw invalidOptions;
      this.#cutoff = watch(this, this.#options, this.#outer);
    } catch (fault) {
      this.end(fault);
    }
  }

  inherit(metadata: Metadata): void {
    this.#metadata = metadata;
  }

  sendOnly(init: unknown): void {
    this.#run(new ClientView(this, init, undefined));
  }

  sendFrom(requests: AnyIterable): void {
    this.#run(new ClientView(this, undefined, new RequestSource(this.method.path, requests)));
  }

  /** The caller sends its requests one by one. */
  sendLater(): void {
    if (this.#pipe !== undefined) this.sendFrom(this.#pipe);
  }

  send(init: unknown, options?: SendOptions): Promise<boolean> {
    const pipe = this.#pipe;
    if (pipe === undefined || pipe.closed) throw new TypeError("send() after closeSend()");
    const fault = sendOptionsFault(options);
    if (fault !== undefined) this.end(fault);
    else if (options !== undefined && typeof init === "object" && init !== null) {
      this.#sendOptions ??= new WeakMap();
      this.#sendOptions.set(init, options);
    }
    return pipe.send(init);
  }

  closeSend(): void {
    this.#pipe?.close();
  }

  #run(view: ClientView): void {
    if (this.ended) return;
    try {
      this.follow(intercept(this, view, 0));
    } catch (failure) {
      this.failed(failure);
    }
  }

  /** Gives the caller what the interceptors return. */
  follow(response: MaybePromise<AnyResponse>): void {
    if (!isPromise(response)) this.received(response);
    else
      response.then(
        (response) => this.received(response),
        (failure: unknown) => this.failed(failure),
      );
  }

  // Taking over from a call that began without its interceptors' own.

  /** @param sent whether the first `next()` has sent the call. */
  continues(first: Call, sent: boolean, listeners: EndListeners<unknown>): void {
    this.#onEnd = listeners;
    this.deadline = first.deadline;
    if (first.metadata !== undefined) this.#metadata = new Metadata(first.metadata);
    if (sent) this.#lastAttempt = first;
  }

  /** Makes that call the first attempt, and sends it. */
  launchFirst(first: Call, view: ClientView): void {
    if (this.#metadata !== undefined) first.inherit(new Metadata(this.#metadata));
    this.launch(first, view);
  }

  /** From now on, this is the call of the caller, and `first` at most an attempt. */
  lead(first: Call): void {
    const cutoff = first.release(this.attemptOptions);
    if (!first.ended) {
      this.#cutoff = cutoff;
      cutoff?.moveTo(this);
      return;
    }
    this.#trailerGiven = first.wasSent;
    const metadata = this.#metadata;
    try {
      this.#cutoff = watch(this, { ...this.#options, timeoutMs: undefined, deadline: toSystemTime(this.deadline) }, this.#outer);
    } catch (fault) {
      this.end(fault);
    }
    this.#metadata = metadata;
  }

  /** The call that the interceptors have passed on has ended. */
  over(failure: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = failure;
    this.#stopAll();
    this.#tellAll();
  }

  failed(failure: unknown): void {
    this.end(unsendable(this.method, failure));
  }

  received(response: AnyResponse): void {
    if (this.ended) return;
    try {
      this.responseCame();
      this.deliver(response);
    } catch (fault) {
      this.end(fault);
    }
  }

  /** The header of the last attempt is that of the call, unless there was one before. */
  protected responseCame(): void {
    if (this.#options.onHeader !== undefined || this.#headerReader !== undefined) this.setHeader(this.#lastHeader);
    else this.#headerCame = true;
  }

  /** Handles the response of the outermost interceptor. */
  protected abstract deliver(response: AnyResponse): void;

  /** Creates a call whose header and response become those of an innermost `next()`. */
  protected abstract attempt(view: ClientView): Promise<AnyResponse>;

  /** Settles pending reads: the call has ended. */
  protected abstract finished(): void;

  innermost(view: ClientView): MaybePromise<AnyResponse> {
    if (this.ended) return ignorable(Promise.reject(this.#reason()));
    return this.attempt(view);
  }

  change(view: ClientView, change: AnyChange): ClientView {
    return ClientView.changed(view, change);
  }

  /** The options of an attempt. This call watches the deadline and the signal. */
  protected get attemptOptions(): CallOptions {
    const { compression, waitForReady, authority, metadata, onHeader, onTrailer } = this.#options;
    const watchHeader = onHeader !== undefined || this.method.requestStream || this.method.responseStream;
    if (this.#metadata === undefined && !watchHeader && onTrailer === undefined) return this.#options;
    return {
      compression,
      waitForReady,
      authority,
      metadata: this.#metadata === undefined ? metadata : new Metadata(this.#metadata),
      onHeader: watchHeader ? (header) => this.setHeader(header) : undefined,
    };
  }

  /** Begins an attempt, and sends its requests. */
  protected launch(attempt: Call, view: ClientView): void {
    if (this.#lastAttempt !== undefined) {
      this.#earlierAttempts ??= [];
      this.#earlierAttempts.push(this.#lastAttempt);
    }
    this.#lastAttempt = attempt;
    attempt.onAttempt = this.#onAttempt;
    attempt.onMessageSize = this.#onMessageSize;
    attempt.beginWith(this.deadline);
    const requests = ClientView.requestsOf(view);
    if (requests === undefined) attempt.sendOnly(ClientView.requestOf(view));
    else sendAll(attempt, requests, this.#sendOptions);
  }

  // Receiving.

  /** The first header is that of the call. If `onHeader` throws, the call ends. */
  protected setHeader(header: Metadata): void {
    if (this.#header !== undefined || this.ended) return;
    this.#header = header;
    this.#headerReader?.resolve(header);
    if (this.#options.onHeader !== undefined) {
      enter(this.#outer, callBack, this.#options, "onHeader", header, (fault) => this.end(fault));
    }
  }

  header(): Promise<Metadata> {
    if (this.#headerReader === undefined) {
      this.#headerReader = new Settling();
      if (this.#header !== undefined || this.#headerCame) this.#headerReader.resolve(this.#header ?? this.#lastHeader);
      else if (this.ended) this.#headerReader.reject(this.failure, this.isFresh());
    }
    return this.#headerReader.promise;
  }

  get #lastHeader(): Metadata {
    return this.#lastAttempt?.knownHeader ?? new Metadata();
  }

  get trailer(): Metadata | undefined {
    return this.ended ? (this.#lastAttempt?.trailer ?? new Metadata()) : undefined;
  }

  // Ending.

  cancel(): void {
    this.cutOff(cancelled(this.method));
  }

  cutOff(reason: RpcError): void {
    if (!this.ended) this.#freshError = reason;
    this.end(reason);
  }

  describeTimeout(within: string): string {
    const running = this.#attempts().find(({ ended }) => !ended);
    return running?.describeTimeout(within) ?? `was not sent ${within}: an interceptor is still waiting`;
  }

  /** Ends the call, once, and what its interceptors have left running. */
  protected end(failure: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = failure;
    // A deadline, a signal or the transport may end the call, which run outside of its outer call.
    enter(this.#outer, settle, this);
    this.#outer = undefined;
  }

  /** Stops what still runs, and tells everyone that the call has ended. Called once. */
  settle(): void {
    this.#cutoff?.stop();
    this.#stopAll();
    this.#pipe?.end();
    const last = this.#lastAttempt;
    if (last?.wasSent && !this.#trailerGiven && this.#options.onTrailer !== undefined) {
      callBack(this.#options, "onTrailer", last.trailer ?? new Metadata(), (fault) => {
        this.failure ??= fault;
      });
    }
    if (this.#header === undefined && this.failure !== undefined) this.#headerReader?.reject(this.failure, this.isFresh());
    this.finished();
    this.#tellAll();
  }

  #stopAll(): void {
    if (this.#earlierAttempts !== undefined) for (const attempt of this.#earlierAttempts) this.#stop(attempt);
    if (this.#lastAttempt !== undefined) this.#stop(this.#lastAttempt);
  }

  /** Tells the interceptors that the call has ended. */
  #tellAll(): void {
    if (this.#controller !== undefined) this.#controller.abort(this.#reason());
    const listeners = this.#onEnd;
    this.#onEnd = undefined;
    tellEnd(listeners, this.failure);
  }

  #stop(attempt: Call): void {
    if (!attempt.endRead) attempt.cancel(this.#reason());
  }

  /** The attempts, from the first one. */
  #attempts(): Call[] {
    return [...(this.#earlierAttempts ?? []), ...(this.#lastAttempt === undefined ? [] : [this.#lastAttempt])];
  }

  /** Why what still runs must stop. */
  #reason(): RpcError {
    return this.failure instanceof RpcError ? this.failure : new RpcError(Code.CANCELLED, "the call has ended");
  }

  /** True if the stack of the failure does not contain the caller yet. Returns true once. */
  protected isFresh(): boolean {
    const { failure } = this;
    if (failure === undefined) return false;
    const attempts = this.#attempts();
    const fresh = failure === this.#freshError || attempts.some(({ created }) => created === failure);
    this.#freshError = undefined;
    for (const attempt of attempts) attempt.created = undefined;
    return fresh;
  }

  // Members that interceptors see.

  get authority(): string {
    return this.#options.authority ?? this.channel.authority;
  }

  get peer(): string | undefined {
    return this.#lastAttempt?.peer;
  }

  get requestMetadata(): Metadata {
    // A copy: the caller may reuse its object for other calls.
    this.#metadata ??= new Metadata(this.#options.metadata);
    return this.#metadata;
  }

  get values(): ContextValues {
    this.#values ??= new ContextValues();
    return this.#values;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.ended) this.#controller.abort(this.#reason());
    }
    return this.#controller.signal;
  }

  onAttempt(observer: AttemptObserver): void {
    const before = this.#onAttempt;
    this.#onAttempt =
      before === undefined
        ? observer
        : (attempt) => {
            before(attempt);
            observer(attempt);
          };
  }

  onMessageSize(observer: MessageObserver): void {
    this.#onMessageSize = bothObservers(this.#onMessageSize, safely(observer));
  }

  onEnd(listener: (error: unknown) => void): void {
    if (this.ended) tellEnd(listener, this.failure);
    else this.#onEnd = withListener(this.#onEnd, listener);
  }
}

function settle(call: InterceptedCall): void {
  call.settle();
}
