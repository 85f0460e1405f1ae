// Runs a call inside its interceptors.
import type { Message } from "@bufbuild/protobuf";
import { type Chain, intercept, isPromise, readTwice } from "../intercept/chain.ts";
import { complete, completed, OneMessage } from "../intercept/messages.ts";
import type { AnyChange, AnyResponse, MaybePromise } from "../intercept/types.ts";
import { type AnyIterable, isIterable } from "../iterable.ts";
import type { RpcError } from "../protocol/error.ts";
import { methodPath } from "../protocol/method.ts";
import { type ContextSource, ServerView, type ViewSource, viewOf } from "./call-context.ts";
import type { CallMethod } from "./call-state.ts";
import type { Context, ServerInterceptor } from "./context.ts";
import { notIterable } from "./handler-fault.ts";
import { HandlerStream } from "./handler-stream.ts";

/** What the interceptors need from the call. */
export interface InterceptedCall extends ContextSource {
  readonly bound: CallMethod;
  readonly context: Context;
  /** Why the handler must not run or must stop. Undefined while the call runs. */
  readonly stop: RpcError | undefined;
  receive(request: Buffer, compressed: boolean, start: number): Message;
  /** Reads the only request, which has not arrived. */
  readRequest(): Promise<Message>;
  openRequests(): AsyncIterable<Message>;
  /** @throws HandlerFault if the response is not an object. */
  checkResponse(response: unknown): void;
  cutOff(reason: RpcError): void;
  /** Handles what a handler throws. */
  fail(thrown: unknown): void;
  report(thrown: unknown): void;
}

type EndListener = (error: RpcError | undefined) => void;

export class Interception implements Chain<ServerView>, ViewSource {
  readonly promises = false;
  readonly interceptors: readonly ServerInterceptor[];
  readonly #call: InterceptedCall;
  readonly #bytes: Buffer | undefined;
  readonly #compressed: boolean;
  #decoded: Message | undefined;
  #request: Promise<Message> | undefined;
  /** Whether the requests of the stream have a reader. */
  #taken = false;
  /** Ends what waits for the handler. */
  #onCut: ((reason: unknown) => void)[] | undefined;
  #onEnd: EndListener[] | undefined;
  #outcome: { readonly error: RpcError | undefined } | undefined;

  /** @param bytes the only request, if it has arrived. */
  constructor(call: InterceptedCall, bytes: Buffer | undefined, compressed: boolean) {
    this.interceptors = call.bound.settings.interceptors;
    this.#call = call;
    this.#bytes = bytes;
    this.#compressed = compressed;
  }

  run(): MaybePromise<AnyResponse> {
    return intercept(this, viewOf(this.#call, this));
  }

  // Called by the view.

  request(): Promise<Message> {
    if (this.#request === undefined) {
      this.#request = this.#read();
      // An interceptor that does not await it must not end the process.
      this.#request.catch(() => {});
    }
    return this.#request;
  }

  async #read(): Promise<Message> {
    return this.#decode() ?? (await this.#call.readRequest());
  }

  /** The request, if it has arrived. */
  #decode(): Message | undefined {
    if (this.#decoded === undefined && this.#bytes !== undefined) this.#decoded = this.#call.receive(this.#bytes, this.#compressed, 0);
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

  onEnd(listener: EndListener): void {
    if (this.#outcome !== undefined) this.#tell(listener, this.#outcome.error);
    else if (this.#onEnd === undefined) this.#onEnd = [listener];
    else this.#onEnd.push(listener);
  }

  #tell(listener: EndListener, error: RpcError | undefined): void {
    try {
      listener(error);
    } catch (thrown) {
      this.#call.report(thrown);
    }
  }

  abort(error: RpcError): void {
    this.#call.cutOff(error);
  }

  // The handler.

  innermost(view: ServerView): MaybePromise<AnyResponse> {
    const { stop, bound } = this.#call;
    if (stop !== undefined) throw stop;
    const change = ServerView.changeOf(view);
    const { input } = bound.descriptor;
    if (bound.requestStream) {
      return this.#handle(change?.requests === undefined ? this.#take() : completed(input, change.requests as AnyIterable));
    }
    if (change?.request !== undefined) return this.#handle(complete(input, change.request));
    const request = this.#decode();
    return request === undefined ? this.request().then((request) => this.#handle(request)) : this.#handle(request);
  }

  change(view: ServerView, change: AnyChange): ServerView {
    return ServerView.changed(view, change);
  }

  #handle(request: unknown): MaybePromise<AnyResponse> {
    const call = this.#call;
    const { handler, responseStream, descriptor } = call.bound;
    const output = handler(request, call.context);
    if (responseStream) {
      if (!isIterable(output)) throw notIterable(call.method, output);
      const stream = new HandlerStream(descriptor.output, output, (thrown) => call.fail(thrown));
      this.#cutWith((reason) => stream.cut(reason));
      return stream;
    }
    return isPromise(output) ? this.#untilCut(output) : this.#one(output);
  }

  #one(output: unknown): OneMessage {
    this.#call.checkResponse(output);
    return new OneMessage(this.#call.bound.descriptor.output, output);
  }

  /**
   * Waits for the handler until the call is cut off. A handler may ignore its signal, but
   * interceptors must not wait for it then.
   */
  #untilCut(output: Promise<unknown>): Promise<AnyResponse> {
    return new Promise((resolve, reject) => {
      this.#cutWith(reject);
      output.then(
        (message) => {
          try {
            resolve(this.#one(message));
          } catch (fault) {
            reject(fault);
          }
        },
        (thrown: unknown) => {
          if (this.#call.stop !== undefined) this.#call.fail(thrown);
          reject(thrown);
        },
      );
    });
  }

  #cutWith(cut: (reason: unknown) => void): void {
    if (this.#onCut === undefined) this.#onCut = [cut];
    else this.#onCut.push(cut);
  }

  // The end.

  /** Whether something may wait for the handler. */
  get waits(): boolean {
    return this.#onCut !== undefined;
  }

  /** Ends what waits for the handler: the call has ended. */
  cut(reason: RpcError): void {
    const onCut = this.#onCut;
    this.#onCut = undefined;
    for (const cut of onCut ?? []) cut(reason);
  }

  /** Tells the listeners of `onEnd()`. */
  ended(error: RpcError | undefined): void {
    this.#outcome = { error };
    const listeners = this.#onEnd;
    this.#onEnd = undefined;
    for (const listener of listeners ?? []) this.#tell(listener, error);
  }
}
