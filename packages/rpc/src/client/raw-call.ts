// What lies below a client's call: a call object of a grpc-js channel, or its interceptors around one.
import type { Deadline, CallOptions as GrpcCallOptions, Interceptor, InterceptorOptions } from "@grpc/grpc-js";
import type { Channel } from "./channel.ts";
import { interceptedCall, type RawCall } from "./grpc-interceptors.ts";
import type { CallOptions } from "./options.ts";
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
  options: CallOptions,
  state: CallState,
  interceptors: readonly Interceptor[],
): StartedCall {
  const { deadline } = state;
  // Where there is no wire, the deadline is handed over. Otherwise grpc-js has none, unless an interceptor has set its own (see started-metadata.ts).
  const create = (options: CallOptions, own: Deadline) => {
    state.raw = createCall(channel, definition.path, options, codec === undefined && own === deadline ? Number.POSITIVE_INFINITY : own);
    return state.raw;
  };
  if (interceptors.length === 0) return create(options, deadline);
  const innermost = (options: GrpcCallOptions) => create(options, options.deadline ?? deadline);
  return interceptedCall(interceptors, grpcOptions(options, deadline), definition, innermost, state);
}

/** The options that are grpc-js's, as far as they are given. */
function grpcOptions({ host, parent, propagate_flags, credentials, interceptors, interceptor_providers }: CallOptions, deadline: number) {
  const options = { host, parent, propagate_flags, credentials, interceptors, interceptor_providers, deadline };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as GrpcCallOptions;
}

function createCall(channel: Channel["grpc"], path: string, options: CallOptions, deadline: Deadline): RawCall {
  const { host, parent, propagate_flags: flags, credentials } = options;
  const raw = channel.createCall(path, deadline, host, parent ?? null, flags);
  if (credentials !== undefined) raw.setCredentials(credentials);
  return raw;
}
