// All of those on Fastify listen alike.
import type { FastifyInstance } from "fastify";

/** Resolves with the port. */
export async function listen(app: FastifyInstance): Promise<number> {
  return Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);
}
