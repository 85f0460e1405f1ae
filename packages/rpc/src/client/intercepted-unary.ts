// A unary call with interceptors. While they only observe the call, it is one like those without
// interceptors: the caller reads the call that `next()` has sent.
import type { Message } from "@bufbuild/protobuf";
import type { ContextValues } from "../context-values.ts";
import { type Chain, intercept } from "../intercept/chain.ts";
import { type EndListeners, tellEnd, withListener } from "../intercept/end-listeners.ts";
import { NextResponse } from "../intercept/next-response.ts";
import type { Interceptors } from "../intercept/only-for.ts";
import type { AnyChange, AnyResponse, MaybePromise } from "../intercept/types.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { AttemptObserver, Channel } from "../transport/client.ts";
import type { MessageObserver } from "../transport/message-size.ts";
import type { BoundMethod } from "./bound-method.ts";
import { ClientView, type ViewSource } from "./call-view.ts";
import type { ClientInterceptor } from "./context.ts";
import type { EndListener, UnaryHandle } from "./handles.ts";
import { InterceptedSingle } from "./intercepted-single.ts";
import type { CallOptions } from "./options.ts";
import { SingleResponseCall } from "./single-response.ts";

export class InterceptedUnary implements UnaryHandle, Chain<ClientView>, ViewSource, EndListener {
  readonly interceptors: Interceptors<ClientInterceptor>;
  readonly #options: CallOptions;
  /** What the first `next()` sends. The caller reads it if the interceptors pass its response on. */
  readonly #call: SingleResponseCall;
  #response: NextResponse<SingleResponseCall> | undefined = undefined;
  /** Whether the caller reads the call that `next()` has sent, or a response of the interceptors' own. */
  #reads: "undecided" | "the call" | "their own" = "undecided";
  #onEnd: EndListeners<unknown> = undefined;
  /** What the interceptors do beyond that. */
  #more: InterceptedSingle | undefined = undefined;

  constructor(channel: Channel, method: BoundMethod, interceptors: Interceptors<ClientInterceptor>, options: CallOptions) {
    this.interceptors = interceptors;
    this.#options = options;
    this.#call = new SingleResponseCall(channel, method, options);
  }

  get promises(): true {
    return true;
  }

  begin(invalidOptions: TypeError | undefined): void {
    this.#call.begin(invalidOptions);
  }

  sendOnly(init: unknown): void {
    if (this.#call.ended) {
      this.#reads = "the call";
      return;
    }
    let response: MaybePromise<AnyResponse>;
    try {
      response = intercept(this, new ClientView(this, init, undefined), 0);
    } catch (failure) {
      this.#takeOver().failed(failure);
      return;
    }
    if (NextResponse.passedOn(response, this.#response) !== undefined) this.#reads = "the call";
    else this.#takeOver().follow(response);
  }

  read(): Promise<Message> {
    if (this.#reads !== "the call") return this.#moreCall.read();
    const message = this.#call.read();
    this.#call.onEnd(this);
    return message;
  }

  innermost(view: ClientView): MaybePromise<AnyResponse> {
    if (this.#response !== undefined || this.#reads !== "undecided") return this.#moreCall.innermost(view);
    this.#response = new NextResponse(this.#call, this.#call);
    if (this.#more === undefined) this.#call.sendOnly(ClientView.requestOf(view));
    else this.#more.launchFirst(this.#call, view);
    return this.interceptors.awaits ? this.#response.promise : this.#response;
  }

  change(view: ClientView, change: AnyChange): ClientView {
    return ClientView.changed(view, change);
  }

  /** The call that the interceptors have passed on has ended. */
  callEnded(failure: unknown): void {
    tellEnd(this.#onEnd, failure);
    this.#onEnd = undefined;
    this.#more?.over(failure);
  }

  get #moreCall(): InterceptedSingle {
    if (this.#more === undefined) {
      const { channel, method, ended } = this.#call;
      this.#more = new InterceptedSingle(channel, method, this.interceptors, this.#options);
      this.#more.continues(this.#call, this.#response !== undefined, this.#onEnd);
      this.#onEnd = undefined;
      if (ended && this.#reads === "the call") this.#more.over(this.#call.readEnd());
    }
    return this.#more;
  }

  /** The caller gets what the interceptors return, rather than what the first `next()` has given. */
  #takeOver(): InterceptedSingle {
    const more = this.#moreCall;
    this.#reads = "their own";
    more.lead(this.#call);
    return more;
  }

  // Members that interceptors see.

  get channel(): Channel {
    return this.#call.channel;
  }

  get method(): BoundMethod {
    return this.#call.method;
  }

  get authority(): string {
    return this.#options.authority ?? this.channel.authority;
  }

  get peer(): string | undefined {
    return (this.#more ?? this.#call).peer;
  }

  get deadline(): number {
    return this.#call.deadline;
  }

  get requestMetadata(): Metadata {
    return this.#moreCall.requestMetadata;
  }

  get values(): ContextValues {
    return this.#moreCall.values;
  }

  get signal(): AbortSignal {
    return this.#moreCall.signal;
  }

  onAttempt(observer: AttemptObserver): void {
    this.#moreCall.onAttempt(observer);
  }

  onMessageSize(observer: MessageObserver): void {
    this.#moreCall.onMessageSize(observer);
  }

  onEnd(listener: (error: unknown) => void): void {
    if (this.#more === undefined && !this.#call.ended) this.#onEnd = withListener(this.#onEnd, listener);
    else this.#moreCall.onEnd(listener);
  }
}
