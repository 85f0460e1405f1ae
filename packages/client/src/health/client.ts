// A health check, for HEALTHCHECK of Docker and for scripts.
import { Health, HealthCheckResponse_ServingStatus, HealthCheckResponseSchema } from "@grpc-study/rpc/health";
import type { Context } from "../topic.ts";

/** @throws Error if the server answers with another status than SERVING. */
export async function health({ connect, print }: Context, service: string): Promise<void> {
  const response = await connect(Health).check({ service });
  const status = HealthCheckResponse_ServingStatus[response.status] ?? String(response.status);
  if (response.status !== HealthCheckResponse_ServingStatus.SERVING) throw new Error(`${service || "the server"} is ${status}`);
  await print(HealthCheckResponseSchema, response, status);
}
