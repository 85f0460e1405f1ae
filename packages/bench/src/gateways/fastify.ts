// Fastify with constant responses: the upper limit for anything built on it.
import { Readable } from "node:stream";
import Fastify from "fastify";
import { streamLength } from "../messages/frame.ts";
import { hello, times } from "../messages/values.ts";
import type { Serve } from "../process/hosted.ts";
import { placed, stock } from "./services.ts";

export const serve: Serve<unknown, number> = async () => {
  const app = Fastify();
  const [stockText, placedText] = [JSON.stringify(stock), JSON.stringify(placed)];
  const lines = times(streamLength, () => `${JSON.stringify({ result: hello })}\n`);
  app.get("/v1/prod/:id", (_request, reply) => reply.type("application/json").send(stockText));
  app.post("/v1/orders", (_request, reply) => reply.type("application/json").send(placedText));
  app.get("/v1/count/:count", (_request, reply) => reply.type("application/x-ndjson").send(Readable.from(lines, { objectMode: false })));
  return { ready: Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port) };
};
