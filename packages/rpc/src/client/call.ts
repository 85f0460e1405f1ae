// One call of a client, whatever its kind: requests go out in order, responses are pulled, and it ends once.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { type InterceptingListener, type InterceptorOptions, Metadata, type StatusObject } from "@grpc/grpc-js";
import { Code } from "../code.ts";
import type { Codec } from "../codec/codec.ts";
import { noCompress, requestCompression, takesFrames } from "../compression/client.ts";
import { Frames, markMessage } from "../compression/frame.ts";
import { errorFromStatus, RpcError } from "../error.ts";
import { intercept } from "../intercept.ts";
import { toMetadata } from "../metadata.ts";
import { metadataFault } from "../metadata-keys.ts";
import { ByteQueue } from "./byte-queue.ts";
import { type Channel, watchConnect } from "./channel.ts";
import { explainConnectFailure } from "./connect-failure.ts";
import type { ClientCallContext, ClientInterceptor } from "./context.ts";
import { interceptorsOf } from "./grpc-interceptors.ts";
import { type CallOptions, type CancelSignal, deadlineOf, type SendOptions } from "./options.ts";
import { openCall, type StartedCall } from "./raw-call.ts";
import { release } from "./release.ts";

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
class Waiter<Response> {
  readonly resolve: (response: Response) => void;
  readonly reject: (reason: unknown) => void;

  constructor(resolve: (response: Response) => void, reject: (reason: unknown) => void) {
    this.resolve = resolve;
    this.reject = reject;
  }
}

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

export class ClientCall implements ClientCallContext, AsyncIterableIterator<Message, undefined>, InterceptingListener {
  readonly channel: Channel;
  readonly #bound: BoundMethod;
  #options: CallOptions;
  readonly #deadline: number;
  #raw: StartedCall | undefined;
  #takesMessages = false;
  #metadata: Metadata | undefined;
  #controller: AbortController | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #onRequest: ((request: object) => void)[] | undefined;
  #onResponse: ((response: Message) => void)[] | undefined;
  /** Ends what `next()` of the innermost interceptor waits for. */
  #settleNext: ((failure: unknown) => void) | undefined;
  readonly #unsent = new ByteQueue<Message | Buffer>();
  /** What of it is not to be compressed. */
  #plain: WeakSet<object> | undefined;
  #sendWaiters: ((taken: boolean) => void)[] | undefined;
  readonly #unread = new ByteQueue<unknown>();
  #waiters: Waiter<Message | undefined>[] | undefined;
  #onlyWaiter: Waiter<Message> | undefined;
  #onlyResponse: Message | undefined;
  #writing = false;
  #reading = false;
  #sendClosed = false;
  #ended = false;
  #failure: unknown;
  #fault: { readonly fault: unknown } | undefined;
  #cancelled: RpcError | undefined;
  #header: Metadata | undefined;
  #trailer: Metadata | undefined;
  #headerWaiters: PromiseWithResolvers<Metadata> | undefined;
  #stopWaitingForConnection: (() => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onAbort: (() => void) | undefined;

  constructor(channel: Channel, bound: BoundMethod, options: CallOptions) {
    this.channel = channel;
    this.#bound = bound;
    this.#options = options;
    this.#deadline = deadlineOf(options);
    const { signal } = options;
    if (signal?.aborted) {
      this.#finish(reasonOf(signal));
      return;
    }
    if (signal !== undefined) {
      this.#onAbort = () => this.cancel(reasonOf(signal));
      signal.addEventListener("abort", this.#onAbort);
    }
    if (bound.interceptors.length === 0) this.#start();
    else this.#startWithin(bound.interceptors);
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
    return Number.isFinite(this.#deadline) ? new Date(this.#deadline) : undefined;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled !== undefined) this.#controller.abort(this.#cancelled);
    }
    return this.#controller.signal;
  }

  get responseHeader(): Metadata | undefined {
    return this.#header;
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
    let metadata = this.#metadata ?? toMetadata(this.#options.metadata);
    try {
      const fault = metadataFault(metadata);
      if (fault !== undefined) throw new RpcError(Code.INVALID_ARGUMENT, fault);
      const { compression } = this.#options;
      if (compression !== undefined && channel.codec === undefined) metadata = requestCompression(channel.grpc, metadata, compression);
      const { definition } = this.#bound;
      const interceptors = interceptorsOf(this.#options, definition);
      // Interceptors see messages, and so do channels without a wire.
      this.#takesMessages = channel.codec !== undefined || interceptors.length > 0;
      this.#raw = openCall(channel, definition, this.#options, this.#deadline, interceptors);
    } catch (cause) {
      // grpc-js throws when the channel has been closed; Go says Canceled.
      this.#outcome(
        cause instanceof RpcError ? cause : new RpcError(Code.CANCELLED, `the channel to ${channel.target} is closed`, { cause }),
      );
      return;
    }
    this.#raw.start(metadata, this);
    if (!metadata.getOptions().waitForReady) {
      this.#stopWaitingForConnection = watchConnect(channel, (error) => this.cancel(error));
    }
    this.#pull();
    this.#write();
  }

  #startWithin(interceptors: readonly ClientInterceptor[]): void {
    const next = () =>
      new Promise<void>((resolve, reject) => {
        this.#settleNext = (failure) => (failure === undefined ? resolve() : reject(failure));
        if (this.#cancelled === undefined) this.#start();
        else reject(this.#cancelled);
      });
    // An interceptor may wait for a token longer than the caller waits for the call; there is no call yet that would know.
    const wait = this.#deadline - Date.now();
    if (wait !== Number.POSITIVE_INFINITY) {
      const timeUp = () => {
        if (this.#raw === undefined) this.cancel(new RpcError(Code.DEADLINE_EXCEEDED, "deadline exceeded before the call was sent"));
      };
      this.#deadlineTimer = setTimeout(timeUp, Math.min(Math.max(wait, 0), 2 ** 31 - 1));
    }
    intercept(interceptors, this, next).then(
      () =>
        this.#finish(this.#settleNext === undefined ? new RpcError(Code.CANCELLED, "an interceptor did not start the call") : undefined),
      (failure: unknown) => {
        this.#raw?.cancelWithStatus(Code.CANCELLED, "an interceptor ended the call");
        this.#finish(failure);
      },
    );
  }

  /** Resolves once the message is on its way, or may soon be: to false, if the call has ended, also by a message that cannot be written. */
  send(init: unknown, options: SendOptions = {}): Promise<boolean> {
    if (this.#sendClosed) throw new TypeError("send() after closeSend()");
    if (this.#ended) return Promise.resolve(false);
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
    if (options.compress === false) {
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
    return new Promise((resolve, reject) => {
      this.#waiters ??= [];
      this.#waiters.push(new Waiter(resolve, reject));
      this.#deliver();
    });
  }

  /** The only response, once the call has ended. Instead of `recv`. */
  recvOnly(): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#onlyWaiter = new Waiter(resolve, reject);
      this.#deliver();
    });
  }

  /** The response's header. Rejects with what ended the call, if that came first and is not OK. */
  header(): Promise<Metadata> {
    if (this.#headerWaiters === undefined) {
      this.#headerWaiters = Promise.withResolvers();
      if (this.#header !== undefined || this.#ended) this.#settleHeader();
    }
    return this.#headerWaiters.promise;
  }

  /** The response's trailer, once the call has ended. */
  get trailer(): Metadata | undefined {
    return this.#trailer;
  }

  /** Ends the call, unless it has ended. What has not been read is dropped. */
  cancel(reason: RpcError = new RpcError(Code.CANCELLED, "the call was cancelled")): void {
    if (this.#ended || this.#cancelled !== undefined) return;
    this.#cancelled = reason;
    this.#unread.clear();
    this.#controller?.abort(reason);
    if (this.#raw === undefined) this.#finish(reason);
    else this.#raw.cancelWithStatus(reason.code, reason.message);
  }

  /** Ends the call because of a fault on this side, which is then what `recv` rejects with. */
  abandon(fault: unknown): void {
    if (this.#ended) return;
    this.#fault = { fault };
    this.cancel(new RpcError(Code.CANCELLED, "the request stream failed"));
  }

  /** Calls `listener` when the call ends; at once, if it has. One listener only. */
  onEnd(listener: () => void): void {
    if (this.#ended) listener();
    else this.#onEnd = listener;
  }

  async next(): Promise<IteratorResult<Message, undefined>> {
    const value = await this.recv();
    return value === undefined ? { done: true, value } : { done: false, value };
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
    this.#header = header;
    this.#settleHeader();
    this.#options.onHeader?.(header);
  }

  onReceiveMessage(received: unknown): void {
    this.#reading = false;
    if (this.#cancelled !== undefined || received === null) return;
    this.#unread.push(received, this.#takesMessages ? unknownSize : (received as Buffer).length);
    this.#deliver();
  }

  onReceiveStatus(status: StatusObject): void {
    this.#trailer = status.metadata;
    if (this.#raw !== undefined) release(this.#raw);
    if (status.code === Code.OK) this.#outcome(undefined);
    else if (status.code === this.#cancelled?.code) this.#outcome(this.#cancelled);
    else {
      const { target, secure } = this.channel;
      this.#outcome(explainConnectFailure(status.details, target, secure) ?? errorFromStatus(status));
    }
  }

  /** The call has ended below; what that means is for the interceptors to say, if there are any. */
  #outcome(failure: RpcError | undefined): void {
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
    if (this.#onlyWaiter !== undefined) this.#deliverOnly(this.#onlyWaiter);
    else if (this.#waiters !== undefined) this.#deliverTo(this.#waiters);
    this.#pull();
  }

  #deliverTo(waiters: Waiter<Message | undefined>[]): void {
    for (let waiter = waiters[0]; waiter !== undefined; waiter = waiters[0]) {
      const response = this.#unread.shift();
      if (response === undefined && !this.#ended) break;
      try {
        if (response !== undefined) waiter.resolve(this.#parse(response));
        else if (this.#failure === undefined) waiter.resolve(undefined);
        else waiter.reject(this.#failure);
      } catch (error) {
        waiter.reject(error);
      }
      waiters.shift();
    }
  }

  #deliverOnly(waiter: Waiter<Message>): void {
    try {
      for (let response = this.#unread.shift(); response !== undefined; response = this.#unread.shift()) {
        if (this.#onlyResponse !== undefined) throw this.#wrongCount("more than one response");
        this.#onlyResponse = this.#parse(response);
      }
      if (!this.#ended) return;
      const response = this.#onlyResponse;
      this.#onlyWaiter = undefined;
      this.#onlyResponse = undefined;
      if (this.#failure !== undefined) throw this.#failure;
      if (response === undefined) throw this.#wrongCount("no response");
      waiter.resolve(response);
    } catch (error) {
      waiter.reject(error);
    }
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
    if (this.#header !== undefined || this.#failure === undefined) this.#headerWaiters?.resolve(this.#header ?? new Metadata());
    else this.#headerWaiters?.reject(this.#failure);
  }

  #finish(failure: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = this.#fault === undefined ? failure : this.#fault.fault;
    clearTimeout(this.#deadlineTimer);
    if (this.#failure !== undefined) this.#controller?.abort(this.#failure);
    this.#stopWaitingForConnection?.();
    if (this.#onAbort !== undefined) this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#unsent.clear();
    this.#releaseSenders(false);
    this.#settleHeader();
    this.#deliver();
    this.#onEnd?.();
    if (this.#trailer !== undefined) this.#options.onTrailer?.(this.#trailer);
    // What keeps the call alive now (see release.ts) has no use for what its caller gave it. Interceptors may.
    if (this.#bound.interceptors.length === 0) this.#options = noOptions;
  }
}

function unwritable({ input }: DescMethod, cause: unknown): RpcError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new RpcError(Code.INVALID_ARGUMENT, `cannot write ${input.typeName}: ${problem}`, { cause });
}

/** Why a signal aborted, as a status: a handler's own signal hands on what ended the handler's call. */
function reasonOf({ reason }: CancelSignal): RpcError {
  if (reason instanceof RpcError) return reason;
  return (reason as Error | undefined)?.name === "TimeoutError"
    ? new RpcError(Code.DEADLINE_EXCEEDED, "deadline exceeded", { cause: reason })
    : new RpcError(Code.CANCELLED, "the call was cancelled", { cause: reason });
}
