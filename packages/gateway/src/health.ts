// The health of the gateway, which is that of its upstreams.
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "@grpc-study/rpc/health";
import type { OwnHandler } from "./own-paths.ts";
import type { CheckedServer } from "./upstreams.ts";

/** Milliseconds for which a result is cached. */
const freshMs = 1000;
/** Time limit for a health check, in milliseconds. */
const timeoutMs = 2000;

interface Result {
  readonly name: string | undefined;
  readonly status: string;
}

/**
 * Answers the health check. It returns 200 while each upstream reports SERVING, or responds without
 * a health service, and 503 otherwise, with the status of the first unhealthy upstream, and the
 * names of all unhealthy ones. Checks the upstreams at most once a second.
 */
export function healthHandler(servers: readonly CheckedServer[]): OwnHandler {
  const checks = servers.map(({ channel, name, missing }) => {
    if (missing) return async (): Promise<Result> => ({ name, status: "UNAVAILABLE" });
    const client = createClient(Health, channel);
    return async (): Promise<Result> => {
      try {
        const { status } = await client.check({}, { timeoutMs });
        return { name, status: ServingStatus[status] ?? "UNKNOWN" };
      } catch (error) {
        return { name, status: RpcError.from(error).code === Code.UNIMPLEMENTED ? "SERVING" : "UNAVAILABLE" };
      }
    };
  });
  let checkedAt = Number.NEGATIVE_INFINITY;
  let result: Promise<readonly Result[]> | undefined;
  return async (exchange) => {
    // Monitoring asks every few seconds.
    exchange.silent = true;
    const now = performance.now();
    if (result === undefined || now - checkedAt > freshMs) {
      checkedAt = now;
      result = Promise.all(checks.map((check) => check()));
    }
    const unhealthy = (await result).filter(({ status }) => status !== "SERVING");
    const named = unhealthy.flatMap(({ name, status }) => (name === undefined ? [] : [[name, status] as const]));
    exchange.headers["cache-control"] = "no-store";
    exchange.headers["content-type"] = "application/json";
    exchange.send(
      unhealthy.length === 0 ? 200 : 503,
      JSON.stringify({ status: unhealthy[0]?.status ?? "SERVING", ...(named.length > 0 && { upstreams: Object.fromEntries(named) }) }),
    );
  };
}
