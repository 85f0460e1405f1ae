// Starts the gateways on Fastify.
import type { FastifyInstance } from "fastify";

/** Listens on a free port, and resolves with it. */
export async function listen(app: FastifyInstance): Promise<number> {
  return Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);
}
