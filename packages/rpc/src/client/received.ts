// The responses that came from the server, as interceptors see them.
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { InnerResponse, OneMessage } from "../intercept/messages.ts";
import type { AnyResponse } from "../intercept/types.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { Call } from "./call.ts";
import type { ResponseStreamCall } from "./response-stream.ts";
import { Responses } from "./stream-calls.ts";

export class ReceivedMessage extends OneMessage {
  readonly #call: Call;

  constructor(schema: DescMessage, message: Message, call: Call) {
    super(schema, message);
    this.#call = call;
  }

  get header(): Metadata {
    return this.#call.knownHeader;
  }

  get trailer(): Metadata | undefined {
    return this.#call.trailer;
  }
}

export class ReceivedStream extends InnerResponse implements AnyResponse {
  readonly #call: ResponseStreamCall;
  readonly messages: AsyncIterable<Message>;

  constructor(call: ResponseStreamCall) {
    super();
    this.#call = call;
    this.messages = new Responses(call);
  }

  get header(): Metadata {
    return this.#call.knownHeader;
  }

  get trailer(): Metadata | undefined {
    return this.#call.trailer;
  }
}
