// Several upstream servers, the gateway's own paths, and CORS.
import { get } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Code, createServer, type Implementation, implement, RpcError } from "@grpc-study/rpc";
import { expect, onTestFinished, test } from "vitest";
import { LibraryService } from "../../test/gen/library_pb.js";
import { Things } from "../../test/gen/things_pb.js";
import { createGateway } from "../gateway.ts";
import type { GatewayServerOptions } from "../options.ts";

async function serve(...implementations: readonly Implementation[]) {
  const server = createServer({ onError: () => {} });
  server.add(...implementations);
  const { address } = await server.listen("127.0.0.1:0");
  const stop = () => server.shutdown({ graceMs: 0, abortMs: 0 });
  onTestFinished(async () => void (await stop()));
  return { address, stop };
}

async function start(options: GatewayServerOptions): Promise<string> {
  const app = createGateway({ graceMs: 0, ...options });
  onTestFinished(() => app.close());
  return (await app.listen("127.0.0.1:0")).url;
}

const things = implement(Things, { get: (thing) => thing, create: ({ int32Value }) => ({ stringValue: "x".repeat(int32Value) }) });
const books = implement(LibraryService, { getBook: ({ name }) => ({ name, title: "T" }) });

test("calls go to the server of the service; the health check covers all servers", async () => {
  const [one, other] = [await serve(things), await serve(books)];
  const url = await start({
    services: [Things],
    upstream: one.address,
    otherUpstreams: [{ services: [LibraryService], upstream: other.address }],
    // Both have a rule for the same path.
    conflicts: "keep-first",
    onWarning: () => {},
  });
  expect(await (await fetch(`${url}/v1/things/a`)).json()).toEqual({ stringValue: "a" });
  expect(await (await fetch(`${url}/v1/books/b`)).json()).toEqual({ name: "b", title: "T" });
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(["/v1/things/{stringValue}", "/v1/books/{name}"]));
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await other.stop();
  await expect.poll(async () => (await fetch(`${url}/healthz`)).status, { timeout: 10_000 }).toBe(503);
  expect((await fetch(`${url}/v1/books/b`)).status).toBe(503);
  expect((await fetch(`${url}/v1/things/a`)).status).toBe(200);
});

test("update replaces upstreams, rules and time limits; /healthz names those that are missing", async () => {
  const [one, other] = [await serve(things), await serve(books)];
  const gateway = createGateway({ services: [Things], upstream: one.address, graceMs: 0, unbound: true, onWarning: () => {} });
  onTestFinished(() => gateway.close());
  const { url } = await gateway.listen("127.0.0.1:0");
  const status = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).status;
  const plain = [`/${Things.typeName}/Plain`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }] as const;
  expect([await status("/v1/things/a"), await status("/v1/books/b"), await status(...plain)]).toEqual([200, 404, 501]);
  const first = { services: [Things], upstream: one.address, name: "things" };
  const missing = { services: [], upstream: other.address, name: "books", missing: true };
  gateway.update({ ...first, otherUpstreams: [missing] });
  const health = await fetch(`${url}/healthz`);
  expect([health.status, await health.json()]).toEqual([503, { status: "UNAVAILABLE", upstreams: { books: "UNAVAILABLE" } }]);
  gateway.update({ ...first, otherUpstreams: [{ ...missing, services: [LibraryService], missing: false }], conflicts: "keep-first" });
  expect([await status("/healthz"), await status("/v1/books/b"), await status(...plain)]).toEqual([200, 200, 501]);
  // An invalid set changes nothing.
  const rules = [{ selector: `${Things.typeName}.Get`, pattern: { case: "get", value: "/v2/{nothing}" } as const }];
  expect(() => gateway.update({ ...first, rules })).toThrow('no field "nothing"');
  expect(await status("/v1/books/b")).toBe(200);
});

test("a service of two servers throws, or with keep-first uses the first server", async () => {
  const [one, other] = [await serve(things), await serve(implement(Things, { get: () => ({ stringValue: "other" }) }))];
  const options = { services: [Things], upstream: one.address, otherUpstreams: [{ services: [Things], upstream: other.address }] };
  expect(() => createGateway(options)).toThrow(`${one.address} and ${other.address} both have the service ${Things.typeName}`);
  const warnings: string[] = [];
  const url = await start({ ...options, conflicts: "keep-first", onWarning: (message) => warnings.push(message) });
  expect(await (await fetch(`${url}/v1/things/a`)).json()).toEqual({ stringValue: "a" });
  expect(warnings).toEqual([expect.stringContaining(`${one.address} serves it`)]);
});

test("maxResponseBytes allows responses larger than 4 MiB", async () => {
  const { address } = await serve(things);
  const large = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ int32Value: 5 * 1024 * 1024 }) };
  const usual = await start({ services: [Things], upstream: address });
  expect((await fetch(`${usual}/v1/things`, large)).status).toBe(429);
  const more = await start({ services: [Things], upstream: address, maxResponseBytes: 8 * 1024 * 1024 });
  const response = await fetch(`${more}/v1/things`, large);
  expect([response.status, (await response.text()).length]).toEqual([200, 5 * 1024 * 1024 + '{"stringValue":""}'.length]);
});

const atHealth = [{ selector: `${Things.typeName}.Get`, pattern: { case: "get", value: "/healthz" } as const }];

test("a rule for one of the gateway's own paths throws unless that path is moved", async () => {
  const { address } = await serve(things);
  const options = { services: [Things], upstream: address, rules: atHealth };
  expect(() => createGateway(options)).toThrow(/GET \/healthz of .*Things.Get matches \/healthz, .*--health-path/);
  const url = await start({ ...options, paths: { health: "/gateway/health", docs: "/gateway/docs", openApi: "/gateway/api.json" } });
  expect(await (await fetch(`${url}/healthz?string_value=a`)).json()).toEqual({ stringValue: "a" });
  expect(await (await fetch(`${url}/gateway/health`)).json()).toEqual({ status: "SERVING" });
  expect(await (await fetch(`${url}/gateway/api.json`)).json()).toHaveProperty("openapi");
  const page = await fetch(`${url}/gateway/docs`);
  expect(page.status).toBe(200);
  const [, document = ""] = /data-openapi="([^"]*)"/.exec(await page.text()) ?? [];
  expect(new URL(document, page.url).pathname).toBe("/gateway/api.json");
  expect((await fetch(`${url}/docs`)).status).toBe(404);
});

test("the gateway's own paths can be disabled, and are validated", async () => {
  const url = await start({ services: [Things], upstream: "127.0.0.1:1", paths: { health: false, docs: false, openApi: false } });
  for (const path of ["/healthz", "/docs", "/openapi.json"]) expect((await fetch(url + path)).status, path).toBe(404);
  expect(() => createGateway({ services: [Things], upstream: "127.0.0.1:1", paths: { docs: "docs" } })).toThrow(
    'paths.docs must be a path such as "/docs", or false, got',
  );
});

test("CORS exposes all headers, and allows custom methods", async () => {
  const { address } = await serve(
    implement(Things, {
      get: (thing, { header, trailer }) => {
        if (thing.stringValue === "no") throw new RpcError(Code.UNAVAILABLE, "later");
        header.set("a", "1");
        trailer.set("b", "2");
        return thing;
      },
      create: (thing) => thing,
    }),
  );
  const url = await start({ services: [Things], upstream: address, cors: { origin: ["https://shop.example"] } });
  const origin = { origin: "https://shop.example" };
  for (const path of ["/v1/things/x", "/v1/things/no"]) {
    const { headers } = await fetch(url + path, { headers: origin });
    const exposed = headers.get("access-control-expose-headers")?.split(/,\s*/);
    // `*` stands for all headers in requests without credentials:
    // https://fetch.spec.whatwg.org/#http-access-control-expose-headers
    expect(exposed).toEqual(expect.arrayContaining(["*", "x-request-id", "retry-after"]));
    expect(headers.has("access-control-allow-credentials")).toBe(false);
  }
  const preflight = await fetch(`${url}/v1/things/x`, {
    method: "OPTIONS",
    headers: { ...origin, "access-control-request-method": "PURGE" },
  });
  expect(preflight.headers.get("access-control-allow-methods")?.split(/,\s*/)).toContain("PURGE");
  const purged = await fetch(`${url}/v1/things/x`, { method: "PURGE", headers: origin });
  expect([purged.status, purged.headers.get("access-control-allow-origin")]).toEqual([200, "https://shop.example"]);
});

test("compresses the OpenAPI document with the coding that clients prefer", async () => {
  const url = await start({ services: [LibraryService], upstream: "127.0.0.1:1" });
  const read = async (encoding: string) => {
    const { headers, body } = await new Promise<{ headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
      get(`${url}/openapi.json`, { headers: { "accept-encoding": encoding } }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        resolve({ headers: response.headers, body: Buffer.concat(chunks) });
      }).on("error", reject);
    });
    return { encoding: headers["content-encoding"], vary: headers.vary, body };
  };
  const plain = await read("identity");
  expect(plain).toMatchObject({ encoding: undefined, vary: "accept-encoding" });
  for (const [accepted, expected, decompress] of [
    ["gzip", "gzip", gunzipSync],
    ["br;q=0.5, gzip", "gzip", gunzipSync],
    ["GZIP", "gzip", gunzipSync],
    ["br, gzip;q=0.5", "br", brotliDecompressSync],
    ["gzip, deflate, br, zstd", "br", brotliDecompressSync],
    ["*", "br", brotliDecompressSync],
  ] as const) {
    const { encoding, body } = await read(accepted);
    expect([encoding, decompress(body).equals(plain.body)], accepted).toEqual([expected, true]);
  }
  for (const excluded of ["gzip;q=0", "br;q=0, gzip;q=0", "deflate, gzip; q=0.0"])
    expect((await read(excluded)).encoding, excluded).toBeUndefined();
});
