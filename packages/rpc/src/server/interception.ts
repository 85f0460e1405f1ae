// Runs a call inside its interceptors.
import { AsyncResource } from "node:async_hooks";
import type { Message } from "@bufbuild/protobuf";
import { type Chain, ignorable, intercept, isPromise, readTwice } from "../intercept/chain.ts";
import { type EndListeners, tellEnd, withListener } from "../intercept/end-listeners.ts";
import { complete, completed, OneMessage } from "../intercept/messages.ts";
import { NextResponse } from "../intercept/next-response.ts";
import type { Interceptors } from "../intercept/only-for.ts";
import type { AnyChange, AnyResponse, MaybePromise } from "../intercept/types.ts";
import { type AnyIterable, isIterable } from "../iterable.ts";
import type { RpcError } from "../protocol/error.ts";
import { methodPath } from "../protocol/method.ts";
import { bothObservers, type MessageObserver, safely } from "../transport/message-size.ts";
import type { ContextSource } from "./call-context.ts";
import type { CallMethod } from "./call-state.ts";
import type { Context, ServerInterceptor } from "./context.ts";
import { notIterable } from "./handler-fault.ts";
import { type Cuttable, HandlerMessage } from "./handler-message.ts";
import { HandlerStream } from "./handler-stream.ts";
import { ServerView, type ViewSource } from "./server-view.ts";

/** What the interceptors need from the call. */
export interface InterceptedCall extends ContextSource {
  readonly bound: CallMethod;
  readonly authority: string;
  /** The context of the handler. */
  context: Context;
  /** Why the handler must not run or must stop. Undefined while the call runs. */
  readonly stop: RpcError | undefined;
  receive(request: Buffer, compressed: boolean, start: number): Message;
  /** Reads the only request, which has not arrived. */
  readRequest(): Promise<Message>;
  openRequests(): AsyncIterable<Message>;
  /** Reports the sizes of the messages, also that of an only request that has arrived. */
  observe(observer: MessageObserver): void;
  /** @throws HandlerFault if the response is not an object. */
  checkResponse(response: unknown): void;
  cutOff(reason: RpcError): void;
  /** Handles what a handler throws. */
  fail(thrown: unknown): void;
  report(thrown: unknown): void;
}

export class Interception implements Chain<ServerView>, ViewSource {
  readonly promises = false;
  readonly interceptors: Interceptors<ServerInterceptor>;
  given: MaybePromise<AnyResponse> | undefined = undefined;
  readonly #call: InterceptedCall;
  /** The only request, if it has arrived and is not decoded. */
  #bytes: Buffer | undefined;
  #start: number;
  readonly #compressed: boolean;
  #decoded: Message | undefined = undefined;
  #request: Promise<Message> | undefined = undefined;
  /** Whether the requests of the stream have a reader. */
  #taken = false;
  /** The response of the handler's first run, if it is on its way. */
  #response: NextResponse<Promise<unknown>> | undefined = undefined;
  /** Whether the interceptors have returned. */
  #returned = false;
  #passedOn: Promise<unknown> | undefined = undefined;
  /** What waits for the handler, and for further runs of it. */
  #handling: Cuttable | undefined = undefined;
  /** The asynchronous context in which a handler with a response stream was called last. */
  scope: AsyncResource | undefined = undefined;
  #others: Cuttable[] | undefined = undefined;
  #sizes: MessageObserver | undefined = undefined;
  #onEnd: EndListeners<RpcError> = undefined;
  #ended = false;
  /** Why the call has ended; undefined for OK. */
  #error: RpcError | undefined = undefined;

  /**
   * @param bytes the only request, if it has arrived. The buffer is borrowed: see `ServedMethod`.
   * @param start where the request begins in the buffer.
   */
  constructor(
    call: InterceptedCall,
    interceptors: Interceptors<ServerInterceptor>,
    bytes: Buffer | undefined,
    compressed: boolean,
    start: number,
  ) {
    this.interceptors = interceptors;
    this.#call = call;
    this.#bytes = bytes;
    this.#start = start;
    this.#compressed = compressed;
  }

  run(): MaybePromise<AnyResponse> {
    const view = new ServerView(this.#call, this, undefined);
    this.#call.context = view;
    try {
      const response = intercept(this, view, 0);
      this.#passedOn = NextResponse.passedOn(response, this);
      return response;
    } finally {
      this.#returned = true;
      if (this.#passedOn === undefined && this.#response !== undefined) ignorable(this.#response);
      if (this.#bytes !== undefined && this.#start > 0) this.#keep(this.#bytes);
    }
  }

  /**
   * What the handler has returned, if the interceptors have passed it on as it is. The call then waits
   * for it as if there were no interceptors.
   */
  get passedOn(): Promise<unknown> | undefined {
    return this.#passedOn;
  }

  /** Copies a request that waits for an interceptor out of its borrowed buffer. */
  #keep(bytes: Buffer): void {
    this.#bytes = Buffer.from(bytes.subarray(this.#start));
    this.#start = 0;
  }

  // Called by the view.

  get authority(): string {
    return this.#call.authority;
  }

  request(): Promise<Message> {
    this.#request ??= ignorable(this.#read());
    return this.#request;
  }

  async #read(): Promise<Message> {
    return this.#decode() ?? (await this.#call.readRequest());
  }

  /** The request, if it has arrived. */
  #decode(): Message | undefined {
    if (this.#bytes !== undefined) {
      this.#decoded = this.#call.receive(this.#bytes, this.#compressed, this.#start);
      this.#bytes = undefined;
    }
    return this.#decoded;
  }

  get requests(): AsyncIterable<Message> {
    return { [Symbol.asyncIterator]: () => this.#take()[Symbol.asyncIterator]() };
  }

  #take(): AsyncIterable<Message> {
    if (this.#taken) throw readTwice(methodPath(this.#call.method));
    this.#taken = true;
    return this.#call.openRequests();
  }

  onEnd(listener: (error: RpcError | undefined) => void): void {
    if (this.#ended) this.#tell(listener);
    else this.#onEnd = withListener(this.#onEnd, listener);
  }

  onMessageSize(observer: MessageObserver): void {
    const safe = safely(observer, (thrown) => this.#call.report(thrown));
    const earlier = this.#sizes;
    // Only the new observer is told of a request that has arrived.
    this.#sizes = safe;
    this.#call.observe((message) => this.#sizes?.(message));
    this.#sizes = bothObservers(earlier, safe);
  }

  /** Whether the sizes of messages are observed. */
  get observesSizes(): boolean {
    return this.#sizes !== undefined;
  }

  #tell(listeners: EndListeners<RpcError>): void {
    tellEnd(listeners, this.#error, (thrown) => this.#call.report(thrown));
  }

  abort(error: RpcError): void {
    this.#call.cutOff(error);
  }

  // The handler.

  innermost(view: ServerView): MaybePromise<AnyResponse> {
    const { stop, bound } = this.#call;
    if (stop !== undefined) throw stop;
    const change = ServerView.changeOf(view);
    // An interceptor that has asked for the request gets it before the handler does.
    if (change === undefined && this.#request === undefined && this.#bytes !== undefined) return this.#handle(this.#decode());
    const { input } = bound.descriptor;
    if (bound.requestStream) {
      return this.#handle(change?.requests === undefined ? this.#take() : completed(input, change.requests as AnyIterable));
    }
    if (change?.request !== undefined) return this.#handle(complete(input, change.request));
    return ignorable(this.request().then((request) => this.#handle(request)));
  }

  change(view: ServerView, change: AnyChange): ServerView {
    return ServerView.changed(view, change);
  }

  #handle(request: unknown): MaybePromise<AnyResponse> {
    const call = this.#call;
    const { handler, responseStream, descriptor } = call.bound;
    if (responseStream) this.scope = new AsyncResource("rpc");
    const output = handler(request, call.context);
    if (responseStream) {
      if (!isIterable(output)) throw notIterable(call.method, output);
      const stream = new HandlerStream(descriptor.output, output, (thrown) => call.fail(thrown));
      this.#handles(stream);
      return stream;
    }
    if (!isPromise(output)) return this.#one(output);
    // A thenable, such as the query of a database, may begin anew each time that something waits for it.
    const response = new NextResponse(this, Promise.resolve(output));
    if (this.interceptors.awaits || this.#returned || this.#response !== undefined) return response.promise;
    this.#response = response;
    return response;
  }

  #one(output: unknown): OneMessage {
    this.#call.checkResponse(output);
    return new OneMessage(this.#call.bound.descriptor.output, output);
  }

  /**
   * Waits for the handler until the call is cut off. A handler may ignore its signal, but
   * interceptors must not wait for it then.
   */
  promised(output: Promise<unknown>): Promise<AnyResponse> {
    const message = new HandlerMessage();
    output.then(
      (value) => {
        try {
          message.resolve(this.#one(value));
        } catch (fault) {
          message.reject(fault);
        }
      },
      (thrown: unknown) => {
        if (this.#call.stop !== undefined && output !== this.#passedOn) this.#call.fail(thrown);
        message.reject(thrown);
      },
    );
    const { stop } = this.#call;
    if (stop === undefined) this.#handles(message);
    else message.cut(stop);
    return message.promise;
  }

  #handles(output: Cuttable): void {
    if (this.#handling === undefined) this.#handling = output;
    else if (this.#others === undefined) this.#others = [output];
    else this.#others.push(output);
  }

  // The end.

  /** Whether something may wait for the handler. */
  get waits(): boolean {
    return this.#handling?.waits === true || this.#others?.some(({ waits }) => waits) === true;
  }

  /** Ends what waits for the handler: the call has ended. */
  cut(reason: RpcError): void {
    this.#handling?.cut(reason);
    for (const output of this.#others ?? []) output.cut(reason);
  }

  /** Tells the listeners of `onEnd()`. */
  ended(error: RpcError | undefined): void {
    this.#ended = true;
    this.#error = error;
    const listeners = this.#onEnd;
    this.#onEnd = undefined;
    this.#tell(listeners);
  }
}
