// What an interceptor is given of a client's call: the documented members.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { Metadata } from "@grpc/grpc-js";
import { methodPath } from "../protocol/method.ts";
import type { ClientCall } from "./call.ts";
import type { Channel } from "./channel.ts";
import type { ClientCallContext } from "./context.ts";

class InterceptedCall implements ClientCallContext {
  readonly #call: ClientCall;

  constructor(call: ClientCall) {
    this.#call = call;
  }

  get method(): DescMethod {
    return this.#call.method;
  }

  get channel(): Channel {
    return this.#call.channel;
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  get deadline(): Date | undefined {
    return this.#call.deadline;
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
    const { method, channel, deadline } = this.#call;
    return { method: methodPath(method), target: channel.target, deadline: deadline?.toISOString() };
  }
}

export function contextOf(call: ClientCall): ClientCallContext {
  return Object.freeze(new InterceptedCall(call));
}
