// The gateway's own health, which is that of its upstreams.
import { type Channel, Code, createClient, RpcError } from "@grpc-study/rpc";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "@grpc-study/rpc/health";
import type { FastifyInstance } from "fastify";

/** How long an answer counts, and how long the upstream has for one; milliseconds. */
const freshMs = 1000;
const timeoutMs = 2000;

/**
 * `GET /healthz`: 200 while each upstream says SERVING, or says nothing of its health but answers; 503 otherwise, with the status of the first that
 * does not. Asked often, it asks the upstreams once a second.
 *
 * @param path instead of `/healthz`.
 */
export function serveHealth(app: FastifyInstance, channels: readonly Channel[], path: string): void {
  const clients = channels.map((channel) => createClient(Health, channel));
  const ask = async (): Promise<string> => {
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
  let asked = Number.NEGATIVE_INFINITY;
  let answer: Promise<string> | undefined;
  app.get(path, { logLevel: "silent" }, async (_request, reply) => {
    const now = performance.now();
    if (answer === undefined || now - asked > freshMs) {
      asked = now;
      answer = ask();
    }
    const status = await answer;
    return reply
      .code(status === "SERVING" ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ status });
  });
}
