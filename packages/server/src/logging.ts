// What a server logs of its calls.
import { Code, type Context, methodPath, RpcError, type ServerInterceptor } from "@grpc-study/rpc";
import type { Logger } from "pino";
import { caller } from "./access.ts";

/** Logs each call once, when it is done, whatever its kind. */
export function logCalls(log: Logger): ServerInterceptor {
  return async (call, next) => {
    const start = performance.now();
    // Now: a peer that has gone has no address any more.
    const { peer } = call;
    let status: Code = Code.OK;
    try {
      await next();
    } catch (error) {
      status = RpcError.from(error).code;
      throw error;
    } finally {
      const durationMs = Math.round((performance.now() - start) * 1000) / 1000;
      const who = call.values.get(caller)?.name;
      log.info({ method: methodPath(call.method), status: Code[status], durationMs, peer, ...(who && { caller: who }) }, "call");
    }
  };
}

/** Logs what a handler threw that was not meant for the caller, with its stack: a bug. */
export function logFailures(log: Logger): (error: unknown, call: Context) => void {
  return (error, call) => log.error({ method: methodPath(call.method), peer: call.peer, err: error }, "handler failed");
}
