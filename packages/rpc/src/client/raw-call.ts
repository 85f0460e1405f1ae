// What lies below a client's call: a call object of a grpc-js channel, or its interceptors around one.
import {
  type CallCredentials,
  credentials,
  type Deadline,
  type CallOptions as GrpcCallOptions,
  type Interceptor,
  type InterceptorOptions,
} from "@grpc/grpc-js";
import { MetadataError } from "../protocol/metadata.ts";
import { requestFault } from "../protocol/metadata-rules.ts";
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
  const { host, parent, propagate_flags: flags, credentials: own } = options;
  const raw = channel.createCall(path, deadline, host, parent ?? null, flags);
  if (own !== undefined) raw.setCredentials(checked(own));
  return raw;
}

/**
 * The same credentials, whose metadata is looked at before grpc-js has it. With metadata that Node refuses, grpc-js begins the call again and again; without any, a
 * promise of its own rejects, and the call never ends.
 */
function checked(own: CallCredentials): CallCredentials {
  return credentials.createFromMetadataGenerator((options, callback) => {
    const generate = async () => {
      const metadata = await own.generateMetadata(options);
      const fault = requestFault(metadata);
      if (fault !== undefined) throw new MetadataError(fault);
      return metadata;
    };
    generate().then(
      (metadata) => callback(null, metadata),
      // grpc-js rejects with null for a callback without an error and without metadata.
      (fault: Error | null) => callback(fault ?? new MetadataError("they gave no metadata")),
    );
  });
}
