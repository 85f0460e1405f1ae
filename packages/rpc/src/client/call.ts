// One call of a client, whatever its kind: requests go out in order, responses are pulled, and it ends once.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { type InterceptingListener, type InterceptorOptions, Metadata, type StatusObject } from "@grpc/grpc-js";
import { Code } from "../protocol/code.ts";
import type { Codec } from "@grpc-study/codec";
import { noCompress, requestCompression, takesFrames } from "../compression/client.ts";
import { Frames, markMessage } from "../protocol/frame.ts";
import { errorFromStatus, RpcError } from "../protocol/error.ts";
import { intercept } from "../interceptors/intercept.ts";
import { LongTimer } from "../long-timer.ts";
import { MetadataError, toMetadata } from "../protocol/metadata.ts";
import { custom, requestFault } from "../protocol/metadata-rules.ts";
import { methodPath } from "../protocol/method.ts";
import { ByteQueue } from "./byte-queue.ts";
import { contextOf } from "./call-context.ts";
import { type Channel, isClosed, isConnected, watchConnect } from "./channel.ts";
import type { ClientInterceptor } from "./context.ts";
import { interceptorsOf } from "./grpc-interceptors.ts";
import { type CallOptions, type CancelSignal, deadlineOf, type SendOptions, sendOptionsFault } from "./options.ts";
import { openCall, type StartedCall } from "./raw-call.ts";
import { release } from "./release.ts";
import { reset, resetOnly } from "./reset.ts";
import { type ResponseFrames, watchResponse } from "./response-frames.ts";
import { CallState, StartedMetadata } from "./started-metadata.ts";
import { deadlineExceeded, explainStatus } from "./status-text.ts";

/** A method, ready to be called. */
export interface BoundMethod {
  readonly method: DescMethod;
  readonly definition: InterceptorOptions["method_definition"];
  readonly input: Codec;
  readonly output: Codec;
  readonly interceptors: readonly ClientInterceptor[];
}

// Of what a call holds on to, nothing is an object literal: where V8 finds that the objects of a literal live long, as those of a hundred calls in
// flight do, it makes all further ones old. They then keep alive whatever they refer to, until the next full collection.

/** Who waits for a response: the next one, or the only one. */
class Waiter<Result> {
  readonly promise: Promise<Result>;
  readonly resolve: (result: Result) => void;
  readonly #reject: (reason: unknown) => void;

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.promise = promise;
    this.resolve = resolve;
    this.#reject = reject;
  }

  reject(reason: unknown): void {
    // A call that nobody awaits fails in silence: it is no unhandled rejection.
    this.promise.catch(ignore);
    this.#reject(reason);
  }
}

function ignore(): void {}

/** Waits for the next response as iterators give it. */
class IteratorWaiter extends Waiter<IteratorResult<Message, undefined>> {}

/** How a request is written, as grpc-js wants to know it. */
class WriteContext {
  readonly callback: () => void;
  readonly flags: number;

  constructor(callback: () => void, flags: number) {
    this.callback = callback;
    this.flags = flags;
  }
}

/** Bytes of requests that are written at once. */
const batchBytes = 16 * 1024;

/** How many bytes of requests may be taken before those ahead of them are written. */
const sendWindow = 64 * 1024;

/**
 * How many bytes of responses may be read before they are asked for. Not less than HTTP/2's window for a stream, and more where messages
 * are small: when an error follows, grpc-js drops the responses that it still holds.
 */
const readWindow = 256 * 1024;

/** What a message counts for whose size is not known, as those of grpc-js's interceptors. */
const unknownSize = 1024;

const noOptions: CallOptions = {};

const sent: Promise<boolean> = Promise.resolve(true);

export class ClientCall implements AsyncIterableIterator<Message, undefined>, InterceptingListener {
  readonly channel: Channel;
  readonly #bound: BoundMethod;
  #options: CallOptions;
  readonly #state: CallState;
  #raw: StartedCall | undefined;
  #takesMessages = false;
  #metadata: Metadata | undefined;
  #controller: AbortController | undefined;
  #deadlineTimer: LongTimer | undefined;
  #onRequest: ((request: object) => void)[] | undefined;
  #onResponse: ((response: Message) => void)[] | undefined;
  /** Ends what `next()` of the innermost interceptor waits for. */
  #settleNext: ((failure: unknown) => void) | undefined;
  readonly #unsent = new ByteQueue<Message | Buffer>();
  /** What of it is not to be compressed. */
  #plain: WeakSet<object> | undefined;
  #sendWaiters: ((taken: boolean) => void)[] | undefined;
  readonly #unread = new ByteQueue<unknown>();
  #waiters: (Waiter<Message | undefined> | IteratorWaiter)[] | undefined;
  #onlyWaiter: Waiter<Message> | undefined;
  #onlyResponse: Message | undefined;
  #writing = false;
  #reading = false;
  #sendClosed = false;
  /** Whether the status has come from below. */
  #statusCame = false;
  #ended = false;
  /** Whether the reader knows how the call ended. */
  #endRead = false;
  #failure: unknown;
  #fault: { readonly fault: unknown } | undefined;
  #cancelled: RpcError | undefined;
  #header: Metadata | undefined;
  #frames: ResponseFrames | undefined;
  #trailer: Metadata | undefined;
  #headerWaiter: Waiter<Metadata> | undefined;
  #stopWaitingForConnection: (() => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onAbort: (() => void) | undefined;
  /** The caller's, until the reader knows how the call ended. */
  #signal: CancelSignal | undefined;

  /** @param refusal why the call cannot be made. */
  constructor(channel: Channel, bound: BoundMethod, options: CallOptions, refusal?: TypeError) {
    this.channel = channel;
    this.#bound = bound;
    this.#options = options;
    let deadline = Number.POSITIVE_INFINITY;
    let fault: { readonly thrown: unknown } | undefined;
    try {
      if (refusal !== undefined) throw refusal;
      deadline = deadlineOf(options);
    } catch (thrown) {
      fault = { thrown };
    }
    this.#state = new CallState(deadline);
    if (fault !== undefined) this.#finish(fault.thrown);
    else this.#begin(deadline);
  }

  #begin(deadline: number): void {
    const { signal } = this.#options;
    if (signal?.aborted) {
      this.#finish(reasonOf(signal, this.#path));
      return;
    }
    const waitMs = deadline - Date.now();
    if (waitMs <= 0) {
      this.#finish(deadlineExceeded(this.#path, "had no time left when it was called"));
      return;
    }
    if (waitMs !== Number.POSITIVE_INFINITY) {
      this.#deadlineTimer = new LongTimer(() => this.#timeUp(waitMs), waitMs);
    }
    if (signal !== undefined) {
      this.#signal = signal;
      this.#onAbort = () => this.cancel(reasonOf(signal, this.#path));
      signal.addEventListener("abort", this.#onAbort);
    }
    const { interceptors } = this.#bound;
    if (interceptors.length === 0) this.#start();
    else this.#startWithin(interceptors);
  }

  #timeUp(waitMs: number): void {
    const within = `within ${Math.round(waitMs).toLocaleString("en")} ms`;
    const what =
      this.#raw === undefined
        ? `was not sent ${within}: an interceptor waits`
        : isConnected(this.channel)
          ? `did not end ${within}`
          : `had no connection ${within}`;
    this.cancel(deadlineExceeded(this.#path, what));
  }

  get #path(): string {
    return methodPath(this.#bound.method);
  }

  get method(): DescMethod {
    return this.#bound.method;
  }

  /** The request's metadata. */
  get metadata(): Metadata {
    // Not the caller's own, which may be used for other calls too.
    this.#metadata ??= toMetadata(this.#options.metadata).clone();
    return this.#metadata;
  }

  get deadline(): Date | undefined {
    const { deadline } = this.#state;
    return Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled !== undefined) this.#controller.abort(this.#cancelled);
    }
    return this.#controller.signal;
  }

  get responseHeader(): Metadata | undefined {
    return this.#header && custom(this.#header);
  }

  onRequest(listener: (request: object) => void): void {
    this.#onRequest ??= [];
    this.#onRequest.push(listener);
  }

  onResponse(listener: (response: Message) => void): void {
    this.#onResponse ??= [];
    this.#onResponse.push(listener);
  }

  #start(): void {
    const { channel } = this;
    let waitForReady = false;
    try {
      // An interceptor that keeps the process busy keeps the timer from firing.
      if (this.#state.deadline <= Date.now()) throw deadlineExceeded(this.#path, "had no time left when it was to be sent");
      let metadata = this.#metadata ?? toMetadata(this.#options.metadata);
      const fault = requestFault(metadata);
      if (fault !== undefined) throw new MetadataError(fault);
      const { compression } = this.#options;
      if (compression !== undefined && channel.codec === undefined) metadata = requestCompression(channel.grpc, metadata, compression);
      waitForReady = metadata.getOptions().waitForReady ?? false;
      const { definition } = this.#bound;
      const interceptors = interceptorsOf(this.#options, definition);
      // Interceptors see messages, and so do channels without a wire.
      this.#takesMessages = channel.codec !== undefined || interceptors.length > 0;
      const raw = openCall(channel, definition, this.#options, this.#state, interceptors);
      this.#raw = raw;
      raw.start(this.#takesMessages ? metadata : new StartedMetadata(this.#state, metadata), this);
    } catch (thrown) {
      this.#raw = undefined;
      this.#outcome(this.#unstartable(thrown));
      return;
    }
    if (!waitForReady) this.#stopWaitingForConnection = watchConnect(channel, (error) => this.cancel(error));
    this.#pull();
    this.#write();
  }

  #unstartable(thrown: unknown): unknown {
    if (thrown instanceof RpcError) return thrown;
    if (thrown instanceof MetadataError) return new RpcError(Code.INVALID_ARGUMENT, thrown.message, { cause: thrown });
    // grpc-js throws then; Go says Canceled.
    if (isClosed(this.channel)) return new RpcError(Code.CANCELLED, `the channel to ${this.channel.target} is closed`, { cause: thrown });
    return thrown;
  }

  #startWithin(interceptors: readonly ClientInterceptor[]): void {
    const next = () =>
      new Promise<void>((resolve, reject) => {
        this.#settleNext = (failure) => (failure === undefined ? resolve() : reject(failure));
        if (this.#ended) reject(this.#failure);
        else if (this.#cancelled !== undefined) reject(this.#cancelled);
        else this.#start();
      });
    intercept(interceptors, contextOf(this), next).then(
      () => this.#finish(undefined),
      (failure: unknown) => {
        this.#reset(Code.CANCELLED, "an interceptor ended the call");
        this.#finish(failure instanceof MetadataError ? this.#unstartable(failure) : failure);
      },
    );
  }

  /** Ends the call below, if it has not ended. */
  #reset(code: Code, details: string): void {
    this.#state.over = true;
    if (this.#raw === undefined || this.#statusCame) return;
    if (this.channel.codec === undefined && this.#state.raw !== undefined) reset(this.#state.raw, code, details);
    else this.#raw.cancelWithStatus(code, details);
  }

  /** Resolves once the message is on its way, or may soon be: to false, if the call has ended, also by a message that cannot be written. */
  send(init: unknown, options?: SendOptions): Promise<boolean> {
    if (this.#sendClosed) throw new TypeError("send() after closeSend()");
    const fault = sendOptionsFault(options);
    if (fault !== undefined) this.abandon(fault);
    if (this.#ended || fault !== undefined) return Promise.resolve(false);
    let bytes: Buffer;
    try {
      if (this.#onRequest !== undefined) for (const listener of this.#onRequest) listener(init as object);
      bytes = this.#bound.input.encode(init as never);
    } catch (cause) {
      this.cancel(cause instanceof RpcError ? cause : unwritable(this.method, cause));
      return Promise.resolve(false);
    }
    const room = this.#unsent.bytes < sendWindow;
    const request = this.#takesMessages ? this.#bound.input.decode(bytes) : bytes;
    if (options?.compress === false) {
      this.#plain ??= new WeakSet();
      this.#plain.add(request);
    }
    if (this.#raw !== undefined && !this.#writing && this.#unsent.length === 0) this.#writeOne(this.#raw, request);
    else this.#unsent.push(request, this.#takesMessages ? unknownSize : bytes.length);
    if (room) return sent;
    return new Promise((resolve) => {
      this.#sendWaiters ??= [];
      this.#sendWaiters.push(resolve);
    });
  }

  /** No more requests. */
  closeSend(): void {
    if (this.#sendClosed) return;
    this.#sendClosed = true;
    this.#write();
  }

  /** The next response, or undefined after the last one. Rejects with what ended the call, if that is not OK. */
  recv(): Promise<Message | undefined> {
    return this.#wait(new Waiter<Message | undefined>());
  }

  #wait<W extends Waiter<Message | undefined> | IteratorWaiter>(waiter: W): W["promise"] {
    this.#waiters ??= [];
    this.#waiters.push(waiter);
    this.#deliver();
    return waiter.promise;
  }

  /** The only response, once the call has ended. Instead of `recv`. */
  recvOnly(): Promise<Message> {
    if (this.#onlyWaiter === undefined) {
      this.#onlyWaiter = new Waiter();
      this.#deliver();
    }
    return this.#onlyWaiter.promise;
  }

  /** The response's header. Rejects with what ended the call, if that came first and is not OK. */
  header(): Promise<Metadata> {
    if (this.#headerWaiter === undefined) {
      this.#headerWaiter = new Waiter();
      if (this.#header !== undefined || this.#ended) this.#settleHeader();
    }
    return this.#headerWaiter.promise;
  }

  /** The response's trailer, once the call has ended. */
  get trailer(): Metadata | undefined {
    return this.#trailer && custom(this.#trailer);
  }

  /**
   * Ends the call, unless the reader knows its end. What has not been read is dropped, and reading ends with the reason: also if the call has ended with OK,
   * since half of the responses must not pass for all of them.
   */
  cancel(reason: RpcError = new RpcError(Code.CANCELLED, "the call was cancelled")): void {
    if (this.#endRead || this.#cancelled !== undefined) return;
    this.#cancelled = reason;
    this.#unread.clear();
    if (this.#ended) {
      this.#failure ??= reason;
      return;
    }
    this.#letGoOfSignal();
    this.#controller?.abort(reason);
    if (this.#raw === undefined || this.#statusCame) this.#finish(reason);
    else this.#reset(reason.code, reason.message);
  }

  /** Ends the call because of a fault on this side, which is then what `recv` rejects with. */
  abandon(fault: unknown, what = "the request stream failed"): void {
    if (this.#ended) return;
    this.#fault ??= { fault };
    this.cancel(new RpcError(Code.CANCELLED, what));
  }

  /** Calls `listener` when the call ends; at once, if it has. One listener only. */
  onEnd(listener: () => void): void {
    if (this.#ended) listener();
    else this.#onEnd = listener;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    return this.#wait(new IteratorWaiter());
  }

  /** The reader leaves. */
  return(): Promise<IteratorResult<Message, undefined>> {
    this.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  // What grpc-js calls.

  onReceiveMetadata(header: Metadata): void {
    this.#stopWaitingForConnection?.();
    const { raw } = this.#state;
    if (raw !== undefined && this.channel.codec === undefined) {
      if (!this.#sendClosed) resetOnly(raw);
      this.#frames = watchResponse(raw);
    }
    this.#header = header;
    this.#settleHeader();
    if (this.#options.onHeader !== undefined) {
      callBack(this.#options, "onHeader", custom(header), (fault) => this.abandon(fault, "onHeader failed"));
    }
  }

  onReceiveMessage(received: unknown): void {
    this.#reading = false;
    if (this.#cancelled !== undefined || received === null) return;
    this.#unread.push(received, this.#takesMessages ? unknownSize : (received as Buffer).length);
    this.#deliver();
  }

  onReceiveStatus(status: StatusObject): void {
    this.#statusCame = true;
    this.#state.over = true;
    this.#trailer = status.metadata;
    if (this.#state.raw !== undefined) release(this.#state.raw);
    if (this.#cancelled !== undefined) this.#outcome(this.#cancelled);
    else if (status.code !== Code.OK) this.#outcome(this.#explain(status) ?? errorFromStatus(status));
    else if (this.#frames?.inside) this.#outcome(new RpcError(Code.INTERNAL, "the response ended in the middle of a message"));
    else this.#outcome(undefined);
  }

  #explain(status: StatusObject): RpcError | undefined {
    const { target, secure, codec } = this.channel;
    if (codec !== undefined) return undefined;
    const answered = this.#header !== undefined || Object.keys(status.metadata.getMap()).length > 0;
    return explainStatus(status, { path: this.#path, target, secure, answered });
  }

  /** The call has ended below; what that means is for the interceptors to say, if there are any. */
  #outcome(failure: unknown): void {
    if (this.#settleNext === undefined) this.#finish(failure);
    else this.#settleNext(failure);
  }

  #write(): void {
    if (this.#writing || this.#raw === undefined) return;
    const next = this.#unsent.shift();
    if (next !== undefined) this.#writeOne(this.#raw, next);
    else if (this.#sendClosed && !this.#ended) this.#raw.halfClose();
  }

  /** One at a time: grpc-js keeps a single message while it has no connection, and half-closes after the first of several. */
  #writeOne(raw: StartedCall, request: Message | Buffer): void {
    this.#writing = true;
    const callback = () => {
      this.#writing = false;
      if (this.#unsent.bytes < sendWindow) this.#releaseSenders(true);
      this.#write();
    };
    const flags = this.#plain?.has(request) ? noCompress : 0;
    raw.sendMessageWithContext(new WriteContext(callback, flags), this.#withThoseBehind(request) as Buffer);
  }

  #releaseSenders(taken: boolean): void {
    const waiters = this.#sendWaiters;
    if (waiters === undefined) return;
    this.#sendWaiters = undefined;
    for (const release of waiters) release(taken);
  }

  /** What waits behind a request is written with it: a write costs the same whatever its size. */
  #withThoseBehind(first: Message | Buffer): Message | Buffer | Frames {
    if (this.#unsent.length === 0 || this.#plain !== undefined || this.#takesMessages || !takesFrames(this.channel.grpc)) return first;
    const messages = [first as Buffer];
    let size = messages[0]?.length ?? 0;
    while (size < batchBytes) {
      const next = this.#unsent.shift();
      if (next === undefined) break;
      messages.push(next as Buffer);
      size += (next as Buffer).length;
    }
    return new Frames(messages, size);
  }

  #pull(): void {
    if (this.#raw === undefined || this.#reading || this.#ended || this.#unread.bytes >= readWindow) return;
    this.#reading = true;
    this.#raw.startRead();
  }

  #deliver(): void {
    // The caller's signal has no listener any more, but still says that the caller has lost interest.
    if (this.#ended && this.#signal?.aborted) this.cancel(reasonOf(this.#signal, this.#path));
    if (this.#onlyWaiter !== undefined) this.#deliverOnly(this.#onlyWaiter);
    else if (this.#waiters !== undefined) this.#deliverTo(this.#waiters);
    this.#pull();
  }

  #deliverTo(waiters: (Waiter<Message | undefined> | IteratorWaiter)[]): void {
    for (let waiter = waiters[0]; waiter !== undefined; waiter = waiters[0]) {
      const response = this.#unread.shift();
      if (response === undefined && !this.#ended) break;
      waiters.shift();
      try {
        if (response === undefined) this.#readEnd();
        const value = response === undefined ? undefined : this.#parse(response);
        if (!(waiter instanceof IteratorWaiter)) waiter.resolve(value);
        else waiter.resolve(value === undefined ? { done: true, value } : { done: false, value });
      } catch (error) {
        waiter.reject(error);
      }
    }
  }

  #deliverOnly(waiter: Waiter<Message>): void {
    if (this.#endRead) return;
    try {
      for (let response = this.#unread.shift(); response !== undefined; response = this.#unread.shift()) {
        if (this.#onlyResponse !== undefined) throw this.#wrongCount("more than one response");
        this.#onlyResponse = this.#parse(response);
      }
      if (!this.#ended) return;
      const response = this.#onlyResponse;
      this.#onlyResponse = undefined;
      this.#readEnd();
      if (response === undefined) throw this.#wrongCount("no response");
      waiter.resolve(response);
    } catch (error) {
      waiter.reject(error);
    }
  }

  /** The reader learns how the call ended: throws, if that is not OK. */
  #readEnd(): void {
    this.#endRead = true;
    this.#signal = undefined;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #wrongCount(what: string): RpcError {
    const error = new RpcError(Code.UNIMPLEMENTED, `the server sent ${what}`);
    this.cancel(error);
    return error;
  }

  /** A response's message, as the interceptors see it. One that cannot be parsed ends the call. */
  #parse(response: unknown): Message {
    try {
      const message = this.#takesMessages ? (response as Message) : this.#bound.output.decode(response as Buffer);
      if (!this.#takesMessages) markMessage(message, response as Buffer);
      if (this.#onResponse !== undefined) for (const listener of this.#onResponse) listener(message);
      return message;
    } catch (cause) {
      const { typeName } = this.#bound.method.output;
      const error = cause instanceof RpcError ? cause : new RpcError(Code.INTERNAL, `cannot parse the response as ${typeName}`, { cause });
      this.cancel(error);
      throw error;
    }
  }

  #settleHeader(): void {
    if (this.#header !== undefined || this.#failure === undefined) this.#headerWaiter?.resolve(this.responseHeader ?? new Metadata());
    else this.#headerWaiter?.reject(this.#failure);
  }

  #letGoOfSignal(): void {
    if (this.#onAbort !== undefined) this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#onAbort = undefined;
  }

  #finish(failure: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#state.over = true;
    this.#failure = this.#fault === undefined ? (failure ?? this.#cancelled) : this.#fault.fault;
    this.#deadlineTimer?.clear();
    this.#stopWaitingForConnection?.();
    this.#letGoOfSignal();
    if (this.#trailer !== undefined && this.#options.onTrailer !== undefined) {
      callBack(this.#options, "onTrailer", custom(this.#trailer), (fault) => {
        this.#failure ??= fault;
      });
    }
    if (this.#failure !== undefined) this.#controller?.abort(this.#failure);
    this.#unsent.clear();
    this.#releaseSenders(false);
    this.#settleHeader();
    this.#deliver();
    this.#onEnd?.();
    // What keeps the call alive now (see release.ts) has no use for what its caller gave it. Interceptors may.
    if (this.#bound.interceptors.length === 0) this.#options = noOptions;
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

function unwritable({ input }: DescMethod, cause: unknown): RpcError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new RpcError(Code.INVALID_ARGUMENT, `cannot write ${input.typeName}: ${problem}`, { cause });
}

/** Why a signal aborted, as a status: a handler's own signal hands on what ended the handler's call. */
function reasonOf({ reason }: CancelSignal, path: string): RpcError {
  if (reason instanceof RpcError) return reason;
  return (reason as Error | undefined)?.name === "TimeoutError"
    ? deadlineExceeded(path, "was ended by the timeout of its signal", reason)
    : new RpcError(Code.CANCELLED, "the call was cancelled", { cause: reason });
}
