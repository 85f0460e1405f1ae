// What lies below a client's call: a call object of a grpc-js channel, or its interceptors around one.
import type { Deadline, CallOptions as GrpcCallOptions, Interceptor, InterceptorOptions } from "@grpc/grpc-js";
import type { Channel } from "./channel.ts";
import { interceptedCall, type RawCall } from "./grpc-interceptors.ts";

/** The part of it that a client's call uses; interceptors have no more. */
export type StartedCall = Pick<RawCall, "start" | "sendMessageWithContext" | "startRead" | "halfClose" | "cancelWithStatus" | "getPeer">;

/**
 * `createCall` rather than the methods of `grpc.Client`: one reads what one asks for, and there is no Node stream in between whose errors
 * are thrown where nobody listens.
 */
export function openCall(
  { grpc: channel }: Channel,
  definition: InterceptorOptions["method_definition"],
  options: GrpcCallOptions,
  deadline: number,
  interceptors: readonly Interceptor[],
): StartedCall {
  if (interceptors.length === 0) return create(channel, definition.path, options, deadline);
  const innermost = (options: GrpcCallOptions) => create(channel, definition.path, options, options.deadline ?? deadline);
  return interceptedCall(interceptors, { ...options, deadline }, definition, innermost);
}

function create(channel: Channel["grpc"], path: string, options: GrpcCallOptions, deadline: Deadline): RawCall {
  const { host, parent, propagate_flags: flags, credentials } = options;
  const raw = channel.createCall(path, deadline, host, parent ?? null, flags);
  if (credentials !== undefined) raw.setCredentials(credentials);
  return raw;
}
