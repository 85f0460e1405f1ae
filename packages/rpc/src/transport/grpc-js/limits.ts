// Converts the limits of a server to grpc-js options.
import type { ServerOptions } from "@grpc/grpc-js";
import { defaultServerLimits, type ServerLimits } from "../../limits/limits.ts";
import { unsupportedLimit } from "./unsupported.ts";

/** The longest duration of Node's timers, which grpc-js uses for no limit. */
const neverMs = 2 ** 31 - 1;

const time = (ms: number) => Math.min(ms, neverMs);
const bytes = (limit: number) => (Number.isFinite(limit) ? limit : -1);

const supported = {
  maxReceiveMessageBytes: (limit: number) => ({ "grpc.max_receive_message_length": bytes(limit) }),
  maxSendMessageBytes: (limit: number) => ({ "grpc.max_send_message_length": bytes(limit) }),
  maxConcurrentStreams: (limit: number) => ({ "grpc.max_concurrent_streams": Math.min(limit, 2 ** 32 - 1) }),
  maxConnectionIdleMs: (ms: number) => ({ "grpc.max_connection_idle_ms": time(ms) }),
  maxConnectionAgeMs: (ms: number) => ({ "grpc.max_connection_age_ms": time(ms) }),
  maxConnectionAgeGraceMs: (ms: number) => ({ "grpc.max_connection_age_grace_ms": time(ms) }),
  keepaliveTimeMs: (ms: number) => ({ "grpc.keepalive_time_ms": time(ms) }),
  keepaliveTimeoutMs: (ms: number) => ({ "grpc.keepalive_timeout_ms": time(ms) }),
} as const satisfies { readonly [Name in keyof ServerLimits]?: (limit: number) => ServerOptions };

type Supported = keyof typeof supported;

/**
 * Converts the limits. Defaults that grpc-js does not support are ignored.
 *
 * @throws TypeError for a limit that grpc-js does not support and that differs from the default.
 */
export function limitOptions(limits: ServerLimits): ServerOptions {
  const options: ServerOptions = {};
  for (const [name, limit] of Object.entries(limits) as [keyof ServerLimits, number][]) {
    if (name in supported) Object.assign(options, supported[name as Supported](limit));
    else if (limit !== defaultServerLimits[name]) throw unsupportedLimit(name, limit, Object.keys(supported));
  }
  return options;
}
