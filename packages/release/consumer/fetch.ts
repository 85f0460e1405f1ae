// A gateway behind the server of the runtime: Bun's or Deno's, and in Fastify.
import assert from "node:assert/strict";
import { createGateway } from "@grpc-study/gateway";
import { fastifyGateway } from "@grpc-study/gateway/fastify";
import { Code, createServer, implement, RpcError } from "@grpc-study/rpc";
import Fastify from "fastify";
import { Library } from "./gen/library/v1/library_pb.js";

type Handler = (request: Request) => Promise<Response>;
interface Runtimes {
  Bun?: { serve(options: { hostname: string; port: number; fetch: Handler }): { port: number; stop(): Promise<void> } };
  Deno?: {
    serve(
      options: { hostname: string; port: number; onListen(): void },
      handler: Handler,
    ): { addr: { port: number }; shutdown(): Promise<void> };
  };
}

/** Serves with the runtime's own server. Returns its port, which is 0 in Node. */
function serve(fetch: Handler): { port: number; stop(): Promise<void> } {
  const { Bun, Deno } = globalThis as Runtimes;
  const options = { hostname: "127.0.0.1", port: 0 };
  if (Bun !== undefined) return Bun.serve({ ...options, fetch });
  const server = Deno?.serve({ ...options, onListen() {} }, fetch);
  return { port: server?.addr.port ?? 0, stop: async () => server?.shutdown() };
}

async function main(): Promise<void> {
  const server = createServer();
  server.add(
    implement(Library, {
      getBook({ name }) {
        if (name !== "books/1") throw new RpcError(Code.NOT_FOUND, `${name} does not exist`);
        return { title: "The first book" };
      },
    }),
  );
  const upstream = server.channel();

  const gateway = createGateway({ services: [Library], upstream });
  const own = serve(gateway.fetch);
  const ask = (path: string) => (own.port === 0 ? gateway.fetch(path) : fetch(`http://127.0.0.1:${own.port}${path}`));
  assert.deepEqual(await (await ask("/v1/books/1")).json(), { title: "The first book" });
  assert.equal((await ask("/v1/books/2")).status, 404);
  await own.stop();
  await gateway.close();

  const app = Fastify();
  await app.register(fastifyGateway, { prefix: "/api", services: [Library], upstream });
  const { payload } = await app.inject("/api/v1/books/1");
  assert.deepEqual(JSON.parse(payload), { title: "The first book" });
  await app.close();
  await server.shutdown();
  console.log("fetch: ok");
}

void main();
