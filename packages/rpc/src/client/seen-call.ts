// What interceptors see of a call of a client, and what they leave with it: metadata, values, observers
// and listeners. `InterceptedCall` runs the interceptors.
import { ContextValues } from "../context-values.ts";
import { type EndListeners, tellEnd, withListener } from "../intercept/end-listeners.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { Metadata } from "../protocol/metadata.ts";
import type { AttemptObserver, Channel } from "../transport/client.ts";
import { bothObservers, type MessageObserver, safely } from "../transport/message-size.ts";
import type { BoundMethod } from "./bound-method.ts";
import type { ViewSource } from "./call-view.ts";
import type { CallOptions } from "./options.ts";

export abstract class SeenCall implements ViewSource {
  readonly channel: Channel;
  readonly method: BoundMethod;
  protected readonly options: CallOptions;
  deadline = Number.POSITIVE_INFINITY;
  /** The metadata of the request, once an interceptor or the call before has read it. */
  protected metadata: Metadata | undefined = undefined;
  #values: ContextValues | undefined;
  #controller: AbortController | undefined = undefined;
  protected listeners: EndListeners<unknown> = undefined;
  protected attemptObserver: AttemptObserver | undefined = undefined;
  protected sizeObserver: MessageObserver | undefined = undefined;
  protected ended = false;
  /** The error that ended the call. Undefined while the call runs, and after OK. */
  protected failure: unknown = undefined;

  constructor(channel: Channel, method: BoundMethod, options: CallOptions) {
    this.channel = channel;
    this.method = method;
    this.options = options;
    this.#values = options.values;
  }

  abstract get peer(): string | undefined;

  get authority(): string {
    return this.options.authority ?? this.channel.authority;
  }

  get requestMetadata(): Metadata {
    // A copy: the caller may reuse its object for other calls.
    this.metadata ??= new Metadata(this.options.metadata);
    return this.metadata;
  }

  get values(): ContextValues {
    this.#values ??= new ContextValues();
    return this.#values;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.ended) this.#controller.abort(this.reason());
    }
    return this.#controller.signal;
  }

  onAttempt(observer: AttemptObserver): void {
    const before = this.attemptObserver;
    this.attemptObserver =
      before === undefined
        ? observer
        : (attempt) => {
            before(attempt);
            observer(attempt);
          };
  }

  onMessageSize(observer: MessageObserver): void {
    this.sizeObserver = bothObservers(this.sizeObserver, safely(observer));
  }

  onEnd(listener: (error: unknown) => void): void {
    if (this.ended) tellEnd(listener, this.failure);
    else this.listeners = withListener(this.listeners, listener);
  }

  /** Tells the interceptors that the call has ended. */
  protected tellAll(): void {
    if (this.#controller !== undefined) this.#controller.abort(this.reason());
    const listeners = this.listeners;
    this.listeners = undefined;
    tellEnd(listeners, this.failure);
  }

  /** Why what still runs must stop. */
  protected reason(): RpcError {
    return this.failure instanceof RpcError ? this.failure : new RpcError(Code.CANCELLED, "the call has ended");
  }
}
