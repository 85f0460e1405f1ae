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
import type { EndListener } from "./handles.ts";
import { InterceptedSingle } from "./intercepted-single.ts";
import type { CallOptions } from "./options.ts";
import type { SingleResponseCall } from "./single-response.ts";

export class InterceptedUnary implements Chain<ClientView>, ViewSource, EndListener {
  readonly interceptors: Interceptors<ClientInterceptor>;
  given: MaybePromise<AnyResponse> | undefined = undefined;
  /** What the first `next()` sends. The caller reads it if the interceptors pass its response on. */
  readonly #call: SingleResponseCall;
  readonly #options: CallOptions;
  #onEnd: EndListeners<unknown> = undefined;
  #state: "not sent" | "sent" | "passed on" | "taken over" = "not sent";
  /** What the interceptors do beyond that. */
  #more: InterceptedSingle | undefined = undefined;

  /** @param call has begun, and was not sent. */
  constructor(call: SingleResponseCall, interceptors: Interceptors<ClientInterceptor>, options: CallOptions) {
    this.interceptors = interceptors;
    this.#call = call;
    this.#options = options;
  }

  get promises(): true {
    return true;
  }

  /** Runs the interceptors. Resolves with the response. */
  run(request: unknown): Promise<Message> {
    let response: MaybePromise<AnyResponse>;
    try {
      response = intercept(this, new ClientView(this, request, undefined), 0);
    } catch (failure) {
      const more = this.#takeOver();
      more.failed(failure);
      return more.read();
    }
    if (NextResponse.passedOn(response, this.#call) === undefined) {
      const more = this.#takeOver();
      more.follow(response);
      return more.read();
    }
    this.#state = "passed on";
    const message = this.#call.read();
    this.#call.onEnd(this);
    return message;
  }

  innermost(view: ClientView): MaybePromise<AnyResponse> {
    if (this.#state !== "not sent") return this.#moreCall.innermost(view);
    this.#state = "sent";
    const response = new NextResponse(this.#call, this.#call);
    if (this.#more === undefined) this.#call.sendOnly(ClientView.requestOf(view));
    else this.#more.launchFirst(this.#call, view);
    return this.interceptors.awaits ? response.promise : response;
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
      this.#more.continues(this.#call, this.#state !== "not sent", this.#onEnd);
      this.#onEnd = undefined;
      if (ended && this.#state === "passed on") this.#more.over(this.#call.readEnd());
    }
    return this.#more;
  }

  /** The caller gets what the interceptors return, rather than what the first `next()` has given. */
  #takeOver(): InterceptedSingle {
    const more = this.#moreCall;
    this.#state = "taken over";
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
