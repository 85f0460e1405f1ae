// The health of the gateway, which is that of its upstreams.
import { type Channel, Code, createClient, RpcError } from "@grpc-study/rpc";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "@grpc-study/rpc/health";
import type { FastifyInstance } from "fastify";

/** Milliseconds for which a result is cached. */
const freshMs = 1000;
/** Time limit for a health check, in milliseconds. */
const timeoutMs = 2000;

/**
 * Serves the health check. It returns 200 while each upstream reports SERVING, or responds without
 * a health service, and 503 otherwise, with the status of the first unhealthy upstream. Checks the
 * upstreams at most once a second.
 *
 * @param path the path, by default `/healthz`.
 */
export function serveHealth(app: FastifyInstance, channels: readonly Channel[], path: string): void {
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
  app.get(path, { logLevel: "silent" }, async (_request, reply) => {
    const now = performance.now();
    if (result === undefined || now - checkedAt > freshMs) {
      checkedAt = now;
      result = check();
    }
    const status = await result;
    return reply
      .code(status === "SERVING" ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ status });
  });
}
