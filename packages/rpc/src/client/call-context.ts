// The context that client interceptors receive. It exposes the documented members of a call only.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { checkFunction } from "../checks.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { Channel } from "../transport/client.ts";
import type { BoundMethod } from "./bound-method.ts";
import type { ClientCallContext } from "./context.ts";
import type { Interception } from "./interception.ts";

/** What the context needs from the call. */
export interface Interceptable {
  readonly channel: Channel;
  readonly method: BoundMethod;
  readonly requestMetadata: Metadata;
  /** Overrides the channel's `:authority`. */
  readonly authority: string | undefined;
  /** Milliseconds since 1970, or Infinity. */
  readonly deadline: number;
  readonly responseHeader: Metadata | undefined;
  readonly trailer: Metadata | undefined;
  /** Ends the call because an interceptor rejected a request. */
  rejectRequest(fault: unknown): void;
}

class InterceptedCall implements ClientCallContext {
  readonly #call: Interceptable;
  readonly #interception: Interception;

  constructor(call: Interceptable, interception: Interception) {
    this.#call = call;
    this.#interception = interception;
  }

  get method(): DescMethod {
    return this.#call.method.descriptor;
  }

  get channel(): Channel {
    return this.#call.channel;
  }

  get authority(): string {
    return this.#call.authority ?? this.#call.channel.authority;
  }

  get metadata(): Metadata {
    return this.#call.requestMetadata;
  }

  get deadline(): Date | undefined {
    const { deadline } = this.#call;
    return Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  get signal(): AbortSignal {
    return this.#interception.signal;
  }

  get responseHeader(): Metadata | undefined {
    return this.#call.responseHeader;
  }

  get trailer(): Metadata | undefined {
    return this.#call.trailer;
  }

  onRequest(listener: (request: object) => void): void {
    checkFunction("the listener of onRequest()", listener);
    try {
      this.#interception.onRequest(listener);
    } catch (fault) {
      this.#call.rejectRequest(fault);
    }
  }

  onResponse(listener: (response: Message) => void): void {
    checkFunction("the listener of onResponse()", listener);
    this.#interception.onResponse(listener);
  }

  toJSON(): ReturnType<ClientCallContext["toJSON"]> {
    const { method, channel } = this.#call;
    return { method: method.path, target: channel.target, deadline: this.deadline?.toISOString() };
  }
}

export function contextOf(call: Interceptable, interception: Interception): ClientCallContext {
  return Object.freeze(new InterceptedCall(call, interception));
}
