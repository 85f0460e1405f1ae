// The functions of a client, by the kind of their method.
import type { Channel } from "../transport/client.ts";
import type { BoundMethod } from "./bound-method.ts";
import type { Call } from "./call.ts";
import { type CallOptions, optionsFault, withDefaults } from "./options.ts";
import { ResponseStreamCall } from "./response-stream.ts";
import { isIterable, sendAll } from "./send-all.ts";
import { SingleResponseCall } from "./single-response.ts";
import { Conversation, Responses, Upload } from "./stream-calls.ts";

const noOptions: CallOptions = {};

/** The function that calls a method. */
export function caller(channel: Channel, method: BoundMethod, defaults: CallOptions = noOptions): unknown {
  const begin = <Kind extends Call>(
    Kind: new (channel: Channel, method: BoundMethod, options: CallOptions) => Kind,
    options?: CallOptions,
  ) => {
    const call = new Kind(channel, method, withDefaults(defaults, options));
    call.begin(optionsFault(options));
    return call;
  };
  if (method.responseStream && method.requestStream) {
    return (requests?: unknown, options?: CallOptions) => {
      if (!isIterable(requests)) return new Conversation(begin(ResponseStreamCall, requests as CallOptions | undefined));
      const call = begin(ResponseStreamCall, options);
      sendAll(call, requests);
      return new Responses(call);
    };
  }
  if (method.responseStream) {
    return (request: unknown, options?: CallOptions) => {
      const call = begin(ResponseStreamCall, options);
      call.sendOnly(request);
      return new Responses(call);
    };
  }
  if (method.requestStream) {
    return (requests?: unknown, options?: CallOptions) => {
      if (!isIterable(requests)) return new Upload(begin(SingleResponseCall, requests as CallOptions | undefined));
      const call = begin(SingleResponseCall, options);
      sendAll(call, requests);
      return call.read();
    };
  }
  return (request: unknown, options?: CallOptions) => {
    const call = new SingleResponseCall(channel, method, withDefaults(defaults, options));
    call.begin(optionsFault(options));
    call.sendOnly(request);
    return call.read();
  };
}
