// CORS: what browsers ask before and after a request, in each protocol.
import { createServer, implement } from "@grpc-study/rpc";
import { expect, onTestFinished, test } from "vitest";
import { Things } from "../test/gen/things_pb.js";
import { createGateway } from "./gateway.ts";
import type { CorsOptions, GatewayServerOptions } from "./options.ts";

function start(cors: CorsOptions, more: Partial<GatewayServerOptions> = {}) {
  const server = createServer();
  server.add(implement(Things, { get: (thing) => thing }));
  const gateway = createGateway({ services: [Things], upstream: server.channel(), cors, ...more });
  onTestFinished(() => gateway.close());
  return async (path: string, method: string, headers: Record<string, string>, body?: string) => {
    const response = await gateway.fetch(path, { method, headers, ...(body !== undefined && { body }) });
    await response.text();
    const list = (name: string) => response.headers.get(name)?.split(/,\s*/);
    return { status: response.status, headers: response.headers, list };
  };
}

const shop = { origin: "https://shop.example" };
const asking = { "access-control-request-method": "POST", "access-control-request-headers": "connect-protocol-version,x-grpc-web" };

test("a preflight allows what the page asks for, and may be remembered", async () => {
  const ask = start({ origin: ["https://shop.example"], maxAgeSeconds: 600 });
  const { status, headers, list } = await ask("/v1/query", "OPTIONS", { ...shop, ...asking });
  expect([status, headers.get("access-control-allow-origin"), headers.get("access-control-max-age")]).toEqual([204, shop.origin, "600"]);
  expect(list("access-control-allow-methods")).toEqual(expect.arrayContaining(["GET", "POST", "PURGE"]));
  expect(list("access-control-allow-headers")).toEqual(["connect-protocol-version", "x-grpc-web"]);
  expect(list("vary")).toEqual(["origin", "access-control-request-method", "access-control-request-headers"]);
});

test("a preflight of another origin allows nothing; OPTIONS without one lists the methods", async () => {
  const ask = start({ origin: ["https://shop.example"] });
  const other = await ask("/v1/query", "OPTIONS", { origin: "https://evil.example", ...asking });
  for (const name of ["origin", "methods", "headers"]) expect(other.headers.has(`access-control-allow-${name}`), name).toBe(false);
  const options = await ask("/v1/things/a", "OPTIONS", {});
  expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS, PURGE, PUT"]);
});

test("allowedHeaders and exposedHeaders name headers", async () => {
  const ask = start({ origin: "*", allowedHeaders: ["authorization"], exposedHeaders: ["ETag"] });
  const preflight = await ask("/v1/query", "OPTIONS", { ...shop, ...asking });
  expect(preflight.list("access-control-allow-headers")).toEqual(["authorization"]);
  const { headers, list } = await ask("/v1/query", "GET", shop);
  expect([headers.get("access-control-allow-origin"), headers.get("vary")]).toEqual(["*", null]);
  expect(list("access-control-expose-headers")).toContain("etag");
});

test("pages may read the headers of all enabled protocols", async () => {
  const names = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
  const all = await start({ origin: "*" })("/v1/query", "GET", shop);
  expect(all.list("access-control-expose-headers")).toEqual(expect.arrayContaining(["*", "x-request-id", "retry-after", ...names]));
  const rest = await start({ origin: "*" }, { protocols: ["rest"] })("/v1/query", "GET", shop);
  for (const name of names) expect(rest.list("access-control-expose-headers")).not.toContain(name);
});

test.each([
  ["REST", "/v1/query", "GET", {}, undefined],
  ["Connect", `/${Things.typeName}/Get`, "POST", { "content-type": "application/json" }, "{}"],
  ["gRPC-Web", `/${Things.typeName}/Get`, "POST", { "content-type": "application/grpc-web+proto" }, "\0\0\0\0\0"],
  ["an unknown path", "/none", "GET", {}, undefined],
  ["the OpenAPI document", "/openapi.json", "GET", {}, undefined],
])("responses of %s can be read by the page, and by no other", async (_, path, method, headers, body) => {
  const ask = start({ origin: ["https://shop.example"] });
  const own = await ask(path, method, { ...headers, ...shop }, body);
  expect([own.headers.get("access-control-allow-origin"), own.list("vary")?.[0]]).toEqual([shop.origin, "origin"]);
  const other = await ask(path, method, { ...headers, origin: "https://evil.example" }, body);
  expect([other.headers.has("access-control-allow-origin"), other.list("vary")?.[0]]).toEqual([false, "origin"]);
});

test.each([
  [{ origin: ["shop.example"] }, 'cors.origin[0] must be "*" or an origin such as "https://shop.example", got \'shop.example\''],
  [{ origin: ["https://shop.example/"] }, "cors.origin"],
  [{ origin: "*", maxAgeSeconds: 1.5 }, "cors.maxAgeSeconds must be a whole number of seconds, got 1.5"],
] as const)("invalid options throw: %j", (cors, message) => {
  expect(() => createGateway({ services: [Things], upstream: "localhost:1", cors })).toThrow(message);
});
