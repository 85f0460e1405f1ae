// What lies below a client's call: a call object of a grpc-js channel, or its interceptors around one.
import type { Deadline, CallOptions as GrpcCallOptions, Interceptor, InterceptorOptions } from "@grpc/grpc-js";
import type { Channel } from "./channel.ts";
import { interceptedCall, type RawCall } from "./grpc-interceptors.ts";
import type { CallState } from "./started-metadata.ts";

/** The part of it that a client's call uses; interceptors have no more. */
export type StartedCall = Pick<RawCall, "start" | "sendMessageWithContext" | "startRead" | "halfClose" | "cancelWithStatus" | "getPeer">;

/**
 * `createCall` rather than the methods of `grpc.Client`: one reads what one asks for, and there is no Node stream in between whose errors
 * are thrown where nobody listens.
 */
export function openCall(
  { grpc: channel, codec }: Channel,
  definition: InterceptorOptions["method_definition"],
  options: GrpcCallOptions,
  state: CallState,
  interceptors: readonly Interceptor[],
): StartedCall {
  const { deadline } = state;
  // Where there is no wire, the deadline is handed over. Otherwise grpc-js has none, unless an interceptor has set its own (see started-metadata.ts).
  const create = (options: GrpcCallOptions) => {
    const own =
      codec !== undefined || options.deadline !== deadline ? (options.deadline ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    state.raw = createCall(channel, definition.path, options, own);
    return state.raw;
  };
  const withDeadline = { ...options, deadline };
  return interceptors.length === 0 ? create(withDeadline) : interceptedCall(interceptors, withDeadline, definition, create, state);
}

function createCall(channel: Channel["grpc"], path: string, options: GrpcCallOptions, deadline: Deadline): RawCall {
  const { host, parent, propagate_flags: flags, credentials } = options;
  const raw = channel.createCall(path, deadline, host, parent ?? null, flags);
  if (credentials !== undefined) raw.setCredentials(credentials);
  return raw;
}
