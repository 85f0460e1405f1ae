// The log entries of calls.
import { Code, type Context, methodPath, type ServerInterceptor } from "@grpc-study/rpc";
import type { Logger } from "pino";
import { caller } from "./access.ts";
import type { CallTelemetry } from "./telemetry.ts";

/**
 * Logs each call once, when it ends.
 *
 * @param fields returns further fields of the line.
 */
export function logCalls(log: Logger, fields?: CallTelemetry["fields"]): ServerInterceptor {
  return (call, next) => {
    const start = performance.now();
    // Read now: the address is gone once the peer has disconnected.
    const { peer } = call;
    call.onEnd((error) => {
      const status = Code[error?.code ?? Code.OK];
      const durationMs = Math.round((performance.now() - start) * 1000) / 1000;
      const who = call.values.get(caller)?.name;
      log.info({ method: methodPath(call.method), status, durationMs, peer, ...(who && { caller: who }), ...fields?.(call) }, "call");
    });
    return next();
  };
}

/** Logs an unexpected error of a handler with its stack: it is a bug. */
export function logFailures(log: Logger, fields?: CallTelemetry["fields"]): (error: unknown, call: Context) => void {
  return (error, call) => log.error({ method: methodPath(call.method), peer: call.peer, err: error, ...fields?.(call) }, "handler failed");
}
