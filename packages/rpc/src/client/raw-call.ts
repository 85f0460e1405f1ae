// What lies below a client's call: a call object of a grpc-js channel, or its interceptors around one.
import type { CallOptions as GrpcCallOptions, InterceptorOptions } from "@grpc/grpc-js";
import type { Channel } from "./channel.ts";
import { interceptedCall, interceptorsOf, type RawCall } from "./grpc-interceptors.ts";

/** The part of it that a client's call uses; interceptors have no more. */
export type StartedCall = Pick<RawCall, "start" | "sendMessageWithContext" | "startRead" | "halfClose" | "cancelWithStatus" | "getPeer">;

export interface OpenedCall {
  readonly raw: StartedCall;
  /** Whether `raw` takes and gives messages, as interceptors do and channels without a wire, rather than bytes. */
  readonly takesMessages: boolean;
}

/**
 * `createCall` rather than the methods of `grpc.Client`: one reads what one asks for, and there is no Node stream in between whose errors
 * are thrown where nobody listens.
 */
export function openCall(
  { grpc: channel, codec }: Channel,
  definition: InterceptorOptions["method_definition"],
  options: GrpcCallOptions,
  deadline: number,
): OpenedCall {
  const create = (options: GrpcCallOptions): RawCall => {
    const { host, parent, propagate_flags: flags, credentials } = options;
    const raw = channel.createCall(definition.path, options.deadline ?? deadline, host, parent ?? null, flags);
    if (credentials !== undefined) raw.setCredentials(credentials);
    return raw;
  };
  const interceptors = interceptorsOf(options, definition);
  return interceptors.length === 0
    ? { raw: create({ ...options, deadline }), takesMessages: codec !== undefined }
    : { raw: interceptedCall(interceptors, { ...options, deadline }, definition, create), takesMessages: true };
}
