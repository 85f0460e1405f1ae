// The methods of a client: one function for each method of the service.
import { wrongType } from "../checks.ts";
import type { Interceptors } from "../intercept/only-for.ts";
import { isIterable } from "../iterable.ts";
import type { Channel } from "../transport/client.ts";
import type { BoundMethod } from "./bound-method.ts";
import type { ClientInterceptor } from "./context.ts";
import type { SingleHandle, StreamHandle } from "./handles.ts";
import { InterceptedCall } from "./intercepted-call.ts";
import { InterceptedSingle } from "./intercepted-single.ts";
import { InterceptedStream } from "./intercepted-stream.ts";
import { InterceptedUnary } from "./intercepted-unary.ts";
import { type CallOptions, noOptions, optionsFault, withDefaults } from "./options.ts";
import { ResponseStreamCall } from "./response-stream.ts";
import { SingleResponseCall } from "./single-response.ts";
import { Conversation, Responses, Upload } from "./stream-calls.ts";

type Plain<Handle> = new (channel: Channel, method: BoundMethod, options: CallOptions) => Handle;
type Intercepted<Handle> = new (
  channel: Channel,
  method: BoundMethod,
  interceptors: Interceptors<ClientInterceptor>,
  options: CallOptions,
) => Handle;

/** Returns the function that calls a method. */
export function caller(channel: Channel, method: BoundMethod, defaults: CallOptions = noOptions): unknown {
  const optionsFor = (options: CallOptions | undefined, invalidOptions: TypeError | undefined): CallOptions =>
    invalidOptions === undefined ? withDefaults(defaults, options) : noOptions;
  /** Returns a function that begins a call of one class, or of the other if it has interceptors. */
  const begins =
    <Handle extends SingleHandle | StreamHandle>(Plain: Plain<Handle>, Intercepted: Intercepted<Handle>) =>
    (options: CallOptions | undefined, invalidOptions = optionsFault(options)): Handle => {
      const all = optionsFor(options, invalidOptions);
      const interceptors = method.interceptors(all.interceptors);
      const call = interceptors.all.length === 0 ? new Plain(channel, method, all) : new Intercepted(channel, method, interceptors, all);
      call.begin(invalidOptions);
      return call;
    };
  const single = begins<SingleHandle>(SingleResponseCall, InterceptedSingle);
  const stream = begins<StreamHandle>(ResponseStreamCall, InterceptedStream);
  if (method.responseStream && method.requestStream) {
    return (requests?: unknown, options?: CallOptions) => {
      if (!isIterable(requests)) return new Conversation(sentLater(stream(...optionsOf(requests, options))));
      const call = stream(options);
      call.sendFrom(requests);
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
      if (!isIterable(requests)) return new Upload(sentLater(single(...optionsOf(requests, options))));
      const call = single(options);
      call.sendFrom(requests);
      return call.read();
    };
  }
  return (request: unknown, options?: CallOptions) => {
    const invalidOptions = optionsFault(options);
    const all = optionsFor(options, invalidOptions);
    const interceptors = method.interceptors(all.interceptors);
    const call = new SingleResponseCall(channel, method, all);
    call.begin(invalidOptions);
    if (interceptors.all.length > 0 && !call.ended) return new InterceptedUnary(call, interceptors, all).run(request);
    call.sendOnly(request);
    return call.read();
  };
}

/**
 * The options of a call that was made without an iterable of requests: the first argument, or the
 * second one if the first is undefined.
 */
function optionsOf(first: unknown, second: CallOptions | undefined): [options: CallOptions | undefined, invalid: TypeError | undefined] {
  if (first === undefined) return [second, optionsFault(second)];
  if (second !== undefined) return [undefined, wrongType("the requests of a call", "an iterable or async iterable", first)];
  return [first as CallOptions, optionsFault(first as CallOptions)];
}

/** Runs the interceptors of a call whose requests are sent one by one. */
function sentLater<Handle extends SingleHandle | StreamHandle>(call: Handle): Handle {
  if (call instanceof InterceptedCall) call.sendLater();
  return call;
}
