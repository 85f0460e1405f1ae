// The health of the gateway, which is that of its upstreams.
import { type Channel, Code, createClient, RpcError } from "@grpc-study/rpc";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "@grpc-study/rpc/health";
import type { OwnHandler } from "./own-paths.ts";

/** Milliseconds for which a result is cached. */
const freshMs = 1000;
/** Time limit for a health check, in milliseconds. */
const timeoutMs = 2000;

/**
 * Answers the health check. It returns 200 while each upstream reports SERVING, or responds without
 * a health service, and 503 otherwise, with the status of the first unhealthy upstream. Checks the
 * upstreams at most once a second.
 */
export function healthHandler(channels: readonly Channel[]): OwnHandler {
  const clients = channels.map((channel) => createClient(Health, channel));
  const check = async (): Promise<string> => {
    const statuses = await Promise.all(
      clients.map(async (client) => {
        try {
          const { status } = await client.check({}, { timeoutMs });
          return ServingStatus[status] ?? "UNKNOWN";
        } catch (error) {
          return RpcError.from(error).code === Code.UNIMPLEMENTED ? "SERVING" : "UNAVAILABLE";
        }
      }),
    );
    return statuses.find((status) => status !== "SERVING") ?? "SERVING";
  };
  let checkedAt = Number.NEGATIVE_INFINITY;
  let result: Promise<string> | undefined;
  return async (exchange) => {
    // Monitoring asks every few seconds.
    exchange.silent = true;
    const now = performance.now();
    if (result === undefined || now - checkedAt > freshMs) {
      checkedAt = now;
      result = check();
    }
    const status = await result;
    exchange.headers["cache-control"] = "no-store";
    exchange.headers["content-type"] = "application/json";
    exchange.send(status === "SERVING" ? 200 : 503, JSON.stringify({ status }));
  };
}
