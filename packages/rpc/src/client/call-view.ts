// The call that client interceptors see. It exposes the documented members only.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { checkFunction } from "../checks.ts";
import type { ContextValues } from "../context-values.ts";
import { complete, completed } from "../intercept/messages.ts";
import { noFurtherMembers } from "../intercept/no-further-members.ts";
import type { AnyChange, Kind } from "../intercept/types.ts";
import type { AnyIterable } from "../iterable.ts";
import type { Metadata } from "../protocol/metadata.ts";
import { hasRequestStream } from "../protocol/method.ts";
import { toSystemTime } from "../steady-clock.ts";
import type { AttemptObserver, Channel } from "../transport/client.ts";
import type { MessageObserver } from "../transport/message-size.ts";
import type { BoundMethod } from "./bound-method.ts";

/** What the view needs from the call. */
export interface ViewSource {
  readonly channel: Channel;
  readonly method: BoundMethod;
  readonly authority: string;
  readonly peer: string | undefined;
  readonly requestMetadata: Metadata;
  /** By `steadyNow()`, or Infinity. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly values: ContextValues;
  onEnd(listener: (error: unknown) => void): void;
  onAttempt(observer: AttemptObserver): void;
  onMessageSize(observer: MessageObserver): void;
}

export class ClientView {
  readonly #call: ViewSource;
  #request: unknown;
  readonly #requests: AnyIterable | undefined;

  constructor(call: ViewSource, request: unknown, requests: AnyIterable | undefined) {
    this.#call = call;
    this.#request = request;
    this.#requests = requests;
  }

  get method(): DescMethod {
    return this.#call.method.descriptor;
  }

  get kind(): Kind {
    return this.method.methodKind;
  }

  get stream(): boolean {
    return this.method.methodKind !== "unary";
  }

  get request(): Message | undefined {
    if (hasRequestStream(this.method)) return undefined;
    this.#request = complete(this.method.input, this.#request);
    return this.#request as Message;
  }

  get requests(): AsyncIterable<Message> | undefined {
    const requests = this.#requests;
    if (requests === undefined) return undefined;
    return { [Symbol.asyncIterator]: () => completed(this.method.input, requests) };
  }

  get channel(): Channel {
    return this.#call.channel;
  }

  get authority(): string {
    return this.#call.authority;
  }

  get peer(): string | undefined {
    return this.#call.peer;
  }

  get metadata(): Metadata {
    return this.#call.requestMetadata;
  }

  get deadline(): Date | undefined {
    const { deadline } = this.#call;
    return Number.isFinite(deadline) ? new Date(toSystemTime(deadline)) : undefined;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get values(): ContextValues {
    return this.#call.values;
  }

  onEnd(listener: (error: unknown) => void): void {
    checkFunction("the listener of onEnd()", listener);
    this.#call.onEnd(listener);
  }

  onAttempt(observer: AttemptObserver): void {
    checkFunction("the observer of onAttempt()", observer);
    this.#call.onAttempt(observer);
  }

  onMessageSize(observer: MessageObserver): void {
    checkFunction("the observer of onMessageSize()", observer);
    this.#call.onMessageSize(observer);
  }

  toJSON(): { readonly method: string; readonly target: string; readonly deadline: string | undefined } {
    const { method, channel } = this.#call;
    return { method: method.path, target: channel.target, deadline: this.deadline?.toISOString() };
  }

  /** The request as the caller or an interceptor gave it. */
  static requestOf(view: ClientView): unknown {
    return view.#request;
  }

  static requestsOf(view: ClientView): AnyIterable | undefined {
    return view.#requests;
  }

  /** The same call with another request. */
  static changed(view: ClientView, { request, requests }: AnyChange): ClientView {
    return new ClientView(view.#call, request ?? view.#request, (requests as AnyIterable | undefined) ?? view.#requests);
  }
}

noFurtherMembers(ClientView.prototype);
