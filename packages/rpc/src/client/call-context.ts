// What an interceptor is given of a client's call: the documented members.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { Metadata } from "../protocol/metadata.ts";
import type { Channel } from "../transport/client.ts";
import type { BoundMethod } from "./bound-method.ts";
import type { ClientCallContext } from "./context.ts";

/** The call, as far as interceptors may know it. */
export interface Interceptable {
  readonly channel: Channel;
  readonly method: BoundMethod;
  readonly requestMetadata: Metadata;
  /** Milliseconds since 1970, or Infinity. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly responseHeader: Metadata | undefined;
  readonly trailer: Metadata | undefined;
  onRequest(listener: (request: object) => void): void;
  onResponse(listener: (response: Message) => void): void;
}

class InterceptedCall implements ClientCallContext {
  readonly #call: Interceptable;

  constructor(call: Interceptable) {
    this.#call = call;
  }

  get method(): DescMethod {
    return this.#call.method.descriptor;
  }

  get channel(): Channel {
    return this.#call.channel;
  }

  get metadata(): Metadata {
    return this.#call.requestMetadata;
  }

  get deadline(): Date | undefined {
    const { deadline } = this.#call;
    return Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get responseHeader(): Metadata | undefined {
    return this.#call.responseHeader;
  }

  get trailer(): Metadata | undefined {
    return this.#call.trailer;
  }

  onRequest(listener: (request: object) => void): void {
    this.#call.onRequest(listener);
  }

  onResponse(listener: (response: Message) => void): void {
    this.#call.onResponse(listener);
  }

  toJSON(): ReturnType<ClientCallContext["toJSON"]> {
    const { method, channel } = this.#call;
    return { method: method.path, target: channel.target, deadline: this.deadline?.toISOString() };
  }
}

export function contextOf(call: Interceptable): ClientCallContext {
  return Object.freeze(new InterceptedCall(call));
}
