import { createServer } from "node:net";
import { OrderHistory, OrderService, ProdService } from "@grpc-study/proto/shop";
import { createServer as createGrpcServer, implement, ListenError } from "@grpc-study/rpc";
import { type Endpoint, StartError } from "@grpc-study/server";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { shopOverHttp } from "./shop-over-http.ts";

const log = pino({ level: "silent" });
const options = { host: "127.0.0.1", port: 0, tls: undefined, log };

async function serveShop(): Promise<Endpoint> {
  const server = createGrpcServer();
  server.add(implement(ProdService, { getProdStock: () => ({ prodStock: 7 }) }));
  const { address } = await server.listen("127.0.0.1:0");
  onTestFinished(async () => void (await server.shutdown({ graceMs: 0 })));
  return { topic: "shop", address, services: [ProdService.typeName], security: "plaintext" };
}

test("a gateway calls the shop, with the field names of the .proto files", async () => {
  const { port, services, shutdown } = await shopOverHttp.listen({ ...options, upstreams: [await serveShop()] });
  expect(services).toEqual([ProdService.typeName, OrderService.typeName, OrderHistory.typeName]);
  expect(await (await fetch(`http://127.0.0.1:${port}/v1/prod/998`)).text()).toBe('{"prod_stock":7}');
  expect((await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" })).headers.get("location")).toBe("console/");
  await shutdown();
  await expect(fetch(`http://127.0.0.1:${port}/v1/prod/998`)).rejects.toThrow();
});

test("a shop that cannot be reached is a StartError with the address and the reason", async () => {
  const upstreams: Endpoint[] = [{ topic: "shop", address: "127.0.0.1:1", services: [], security: "plaintext" }];
  const listening = shopOverHttp.listen({ ...options, upstreams });
  await expect(listening).rejects.toThrow(StartError);
  await expect(listening).rejects.toThrow(/^the gateway cannot reach it: 127\.0\.0\.1:1 \(plaintext\): .*connection refused/);
});

test("a port in use is a ListenError with its code", async () => {
  const occupied = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void occupied.close());
  await new Promise((resolve) => occupied.once("listening", resolve));
  const { port } = occupied.address() as { port: number };
  const listening = shopOverHttp.listen({ ...options, port, upstreams: [await serveShop()] });
  await expect(listening).rejects.toThrow(ListenError);
  await expect(listening).rejects.toMatchObject({ code: "EADDRINUSE", address: `127.0.0.1:${port}` });
});
