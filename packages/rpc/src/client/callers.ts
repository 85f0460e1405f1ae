// The functions of a client, one for each method.
import type { Channel } from "../transport/client.ts";
import type { BoundMethod } from "./bound-method.ts";
import { type CallOptions, noOptions, optionsFault, withDefaults } from "./options.ts";
import { ResponseStreamCall } from "./response-stream.ts";
import { isIterable, sendAll } from "./send-all.ts";
import { SingleResponseCall } from "./single-response.ts";
import { Conversation, Responses, Upload } from "./stream-calls.ts";

/** Returns the function that calls a method. */
export function caller(channel: Channel, method: BoundMethod, defaults: CallOptions = noOptions): unknown {
  const single = (options?: CallOptions): SingleResponseCall => {
    const refusal = optionsFault(options);
    const call = new SingleResponseCall(channel, method, refusal === undefined ? withDefaults(defaults, options) : noOptions);
    call.begin(refusal);
    return call;
  };
  const stream = (options?: CallOptions): ResponseStreamCall => {
    const refusal = optionsFault(options);
    const call = new ResponseStreamCall(channel, method, refusal === undefined ? withDefaults(defaults, options) : noOptions);
    call.begin(refusal);
    return call;
  };
  if (method.responseStream && method.requestStream) {
    return (requests?: unknown, options?: CallOptions) => {
      if (!isIterable(requests)) return new Conversation(stream(requests as CallOptions | undefined));
      const call = stream(options);
      sendAll(call, requests);
      return new Responses(call);
    };
  }
  if (method.responseStream) {
    return (request: unknown, options?: CallOptions) => {
      const call = stream(options);
      call.sendOnly(request);
      return new Responses(call);
    };
  }
  if (method.requestStream) {
    return (requests?: unknown, options?: CallOptions) => {
      if (!isIterable(requests)) return new Upload(single(requests as CallOptions | undefined));
      const call = single(options);
      sendAll(call, requests);
      return call.read();
    };
  }
  return (request: unknown, options?: CallOptions) => {
    const call = single(options);
    call.sendOnly(request);
    return call.read();
  };
}
