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
import { ByteQueue } from "./byte-queue.ts";
import { type Channel, watchConnect } from "./channel.ts";
import { explainConnectFailure } from "./connect-failure.ts";
import type { ClientCallContext, ClientInterceptor } from "./context.ts";
import { type CallOptions, deadlineOf, type SendOptions } from "./options.ts";
import { openCall, type StartedCall } from "./raw-call.ts";

/** A method, ready to be called. */
export interface BoundMethod {
  readonly method: DescMethod;
  readonly definition: InterceptorOptions["method_definition"];
  readonly input: Codec;
  readonly output: Codec;
  readonly interceptors: readonly ClientInterceptor[];
}

interface Waiter {
  resolve(response: Message | undefined): void;
  reject(reason: unknown): void;
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

export class ClientCall implements ClientCallContext, AsyncIterableIterator<Message, undefined>, InterceptingListener {
  readonly channel: Channel;
  readonly #bound: BoundMethod;
  readonly #options: CallOptions;
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
  readonly #sendWaiters: ((taken: boolean) => void)[] = [];
  readonly #unread = new ByteQueue<unknown>();
  readonly #waiters: Waiter[] = [];
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
    signal?.addEventListener("abort", this.#onAbort);
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
      const { compression } = this.#options;
      if (compression !== undefined && channel.codec === undefined) metadata = requestCompression(channel.grpc, metadata, compression);
      const opened = openCall(channel, this.#bound.definition, this.#options, this.#deadline);
      this.#raw = opened.raw;
      this.#takesMessages = opened.takesMessages;
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
    this.#unsent.push(request, this.#takesMessages ? unknownSize : bytes.length);
    this.#write();
    return room ? Promise.resolve(true) : new Promise((resolve) => this.#sendWaiters.push(resolve));
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
      this.#waiters.push({ resolve, reject });
      this.#deliver();
    });
  }

  /** The only response, once the call has ended. */
  async recvOnly(): Promise<Message> {
    const response = await this.recv();
    if (response !== undefined && (await this.recv()) === undefined) return response;
    const error = new RpcError(Code.UNIMPLEMENTED, `the server sent ${response ? "more than one response" : "no response"}`);
    this.cancel(error);
    throw error;
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
    if (next === undefined) {
      if (this.#sendClosed && !this.#ended) this.#raw.halfClose();
      return;
    }
    // One at a time: grpc-js keeps a single message while it has no connection, and half-closes after the first of several.
    this.#writing = true;
    const callback = () => {
      this.#writing = false;
      if (this.#unsent.bytes < sendWindow) for (const taken of this.#sendWaiters.splice(0)) taken(true);
      this.#write();
    };
    const flags = this.#plain?.has(next) ? noCompress : 0;
    this.#raw.sendMessageWithContext({ callback, flags }, this.#withThoseBehind(next) as Buffer);
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
    for (let waiter = this.#waiters[0]; waiter !== undefined; waiter = this.#waiters[0]) {
      const response = this.#unread.shift();
      if (response !== undefined) this.#give(waiter, response);
      else if (!this.#ended) break;
      else if (this.#failure === undefined) waiter.resolve(undefined);
      else waiter.reject(this.#failure);
      this.#waiters.shift();
    }
    this.#pull();
  }

  #give(waiter: Waiter, response: unknown): void {
    try {
      const message = this.#takesMessages ? (response as Message) : this.#bound.output.decode(response as Buffer);
      if (!this.#takesMessages) markMessage(message, response as Buffer);
      if (this.#onResponse !== undefined) for (const listener of this.#onResponse) listener(message);
      waiter.resolve(message);
    } catch (cause) {
      const { typeName } = this.#bound.method.output;
      const error = cause instanceof RpcError ? cause : new RpcError(Code.INTERNAL, `cannot parse the response as ${typeName}`, { cause });
      this.cancel(error);
      waiter.reject(error);
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
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#unsent.clear();
    for (const taken of this.#sendWaiters.splice(0)) taken(false);
    this.#settleHeader();
    this.#deliver();
    this.#onEnd?.();
    if (this.#trailer !== undefined) this.#options.onTrailer?.(this.#trailer);
  }

  readonly #onAbort = (): void => {
    const { signal } = this.#options;
    if (signal !== undefined) this.cancel(reasonOf(signal));
  };
}

function unwritable({ input }: DescMethod, cause: unknown): RpcError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new RpcError(Code.INVALID_ARGUMENT, `cannot write ${input.typeName}: ${problem}`, { cause });
}

/** Why a signal aborted, as a status: a handler's own signal hands on what ended the handler's call. */
function reasonOf({ reason }: AbortSignal): RpcError {
  if (reason instanceof RpcError) return reason;
  return (reason as Error | undefined)?.name === "TimeoutError"
    ? new RpcError(Code.DEADLINE_EXCEEDED, "deadline exceeded", { cause: reason })
    : new RpcError(Code.CANCELLED, "the call was cancelled", { cause: reason });
}
