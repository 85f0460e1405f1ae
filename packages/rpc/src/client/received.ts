// The responses that came from the server, as interceptors see them.
import type { Message } from "@bufbuild/protobuf";
import { type InnerResponse, inner } from "../intercept/messages.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { Call } from "./call.ts";
import type { ResponseStreamCall } from "./response-stream.ts";
import { Responses } from "./stream-calls.ts";

export class ReceivedMessage implements InnerResponse {
  readonly #message: Message;
  readonly #call: Call;

  constructor(message: Message, call: Call) {
    this.#message = message;
    this.#call = call;
  }

  get [inner](): true {
    return true;
  }

  get message(): Message {
    return this.#message;
  }

  get header(): Metadata {
    return this.#call.knownHeader;
  }

  get trailer(): Metadata | undefined {
    return this.#call.trailer;
  }
}

export class ReceivedStream implements InnerResponse {
  readonly #call: ResponseStreamCall;
  readonly messages: AsyncIterable<Message>;

  constructor(call: ResponseStreamCall) {
    this.#call = call;
    this.messages = new Responses(call);
  }

  get [inner](): true {
    return true;
  }

  get header(): Metadata {
    return this.#call.knownHeader;
  }

  get trailer(): Metadata | undefined {
    return this.#call.trailer;
  }
}
