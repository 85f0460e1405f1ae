// Random requests either succeed or fail with a client error: never with a 500 or a crash. Seeded,
// with a time limit.
import { type Handlers, implement } from "@grpc-study/rpc";
import fc, { type Arbitrary } from "fast-check";
import { afterAll, expect, test } from "vitest";
import { startGateway } from "./gateway.ts";
import { Things } from "./gen/things_pb.js";
import { raw } from "./raw.ts";

const handlers: Handlers<typeof Things> = {
  get: (request) => request,
  create: (request) => request,
  part: (request) => request,
  update: (request) => request,
  raw: (request) => request,
  rawField: ({ file }) => ({ result: { case: "file", value: file ?? {} } }),
  plain: (request) => request,
  async *list() {
    yield { int32Value: 1 };
  },
  async sum(requests) {
    let int32Value = 0;
    for await (const _ of requests) int32Value++;
    return { int32Value };
  },
  async *talk(requests) {
    yield* requests;
  },
  upload: async (requests) => ({ int32Value: (await Array.fromAsync(requests)).length }),
};

const unhandled: unknown[] = [];
const onUnhandled = (error: unknown) => unhandled.push(error);
process.on("unhandledRejection", onUnhandled).on("uncaughtException", onUnhandled);
afterAll(() => {
  process.off("unhandledRejection", onUnhandled).off("uncaughtException", onUnhandled);
  expect(unhandled).toEqual([]);
});

const seconds = { interruptAfterTimeLimit: 1500, numRuns: 2000, seed: 20_211 };

const fields = Object.keys(Things.method.get.input.field).concat(
  "nested.nested",
  "nested.things.int32_value",
  "map_value[a]",
  "map_value3[x]",
  "__proto__",
  "constructor",
);
const values = fc.oneof(
  fc.constantFrom(
    "",
    "1",
    "-1",
    "1e400",
    "NaN",
    "null",
    "{}",
    "[]",
    "%",
    "%zz",
    "%ff",
    "+",
    "true",
    "99999999999999999999999999",
    "2020-01-01T00:00:00Z",
    "1s",
  ),
  fc.string({ unit: "grapheme", maxLength: 8 }).map(encodeURIComponent),
);
const parameter = fc.tuple(fc.constantFrom(...fields), values).map((pair) => pair.join("="));
const query = fc.oneof(
  fc.array(parameter, { maxLength: 4 }).map((pairs) => pairs.join("&")),
  fc.string({ unit: "grapheme-ascii" }).map((text) => text.replace(/[#\s]/g, "")),
);
const segment = fc.oneof(
  fc.constantFrom(
    "v1",
    "things",
    "shelves",
    "books",
    "files",
    "query",
    "nested",
    "raw",
    "list",
    "talk",
    "updates",
    "body",
    "part",
    "message",
    "sum",
    "any",
    "upload",
  ),
  fc.constantFrom(
    "",
    ".",
    "..",
    "%2F",
    "%2e%2e",
    "%",
    "%zz",
    "%ff",
    ":",
    "a:rename",
    ":rename",
    "a:b:c",
    "*",
    "**",
    "{x}",
    "\\",
    ";a=b",
    "%00",
  ),
  fc.string({ unit: "grapheme", maxLength: 5 }).map(encodeURIComponent),
);
const path = fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join("/")}`);
const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PURGE", "TRACE", "LOCK");
const known = fc.constantFrom(
  "/v1/things",
  "/v1/things/a",
  "/v1/body/message",
  "/v1/body/map",
  "/v1/body/list",
  "/v1/updates/a",
  "/v1/part/enum",
  "/v1/sum",
  "/v1/talk/a",
  "/v1/raw/a",
  "/v1/list",
  "/v1/upload/a",
  "/v1/any",
);

const field = Things.method.get.input.fields.flatMap(({ name, jsonName }) => [name, jsonName]);
const { json } = fc.letrec<{ json: unknown; object: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom<unknown>("1s", "2020-01-01T00:00:00Z", "Y", "AAA=", 1e300, -1, "NaN", "a,b"),
    tie("object"),
    fc.array(tie("json"), { maxLength: 3 }),
  ),
  object: fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...field), fc.constant("__proto__"), fc.string()), tie("json")), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
}));
const body: Arbitrary<string> = fc.oneof(
  json.map((value) => JSON.stringify(value)),
  fc.array(json, { maxLength: 3 }).map((all) => all.map((value) => JSON.stringify(value)).join("\n")),
  json.chain((value) =>
    fc.nat().map((at) => {
      const text = JSON.stringify(value);
      return text.slice(0, at % (text.length + 1));
    }),
  ),
  fc.string({ unit: "binary" }),
  fc.constantFrom("[".repeat(100_000), '{"nested":'.repeat(10_000), '{"a":1,"a":2}', "\ufeff{}", '"\\ud800"', "1e999", "-0"),
);

async function start() {
  const { gateway, port } = await startGateway(implement(Things, handlers), { unbound: true, graceMs: 0 });
  const send = async (path: string, init: RequestInit = {}) => {
    const response = await gateway.fetch(path, init);
    const { status } = response;
    const text = await response.text();
    expect([status < 500 || status === 501, path, init, text.slice(0, 200)]).toEqual([true, path, init, text.slice(0, 200)]);
    return status;
  };
  return { send, port };
}

test("paths and queries", async () => {
  const { send } = await start();
  await fc.assert(
    fc.asyncProperty(method, fc.oneof(path, known), query, async (verb, at, parameters) => {
      await send(`${at}?${parameters}`, { method: verb }).catch((error) => {
        // fetch rejects some URLs, and the method TRACE.
        if (!/invalid url|parse URL|method is unsupported/i.test(String(error))) throw error;
      });
    }),
    seconds,
  );
});

test("bodies", async () => {
  const { send } = await start();
  const type = fc.constantFrom("application/json", "application/x-ndjson", "image/png", "", ";", "application/json; charset=x");
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("POST", "PUT", "PATCH", "DELETE"), known, type, body, async (verb, at, contentType, payload) => {
      await send(at, { method: verb, body: payload, headers: { "content-type": contentType } });
    }),
    seconds,
  );
});

test("headers", async () => {
  const { send } = await start();
  const name = fc.oneof(
    fc.constantFrom(
      "grpc-timeout",
      "accept",
      "last-event-id",
      "te",
      "x-request-id",
      "x-forwarded-for",
      "authorization",
      "traceparent",
      "host",
    ),
    fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-z-]{1,8}$/).map((text) => `grpc-metadata-${text}`),
  );
  const value = fc.oneof(
    fc.constantFrom("1S", "0n", "99999999H", "-1S", "end", "a;q=b", "trailers"),
    fc.string({ unit: "grapheme-ascii" }),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("/v1/query", "/v1/list"), fc.dictionary(name, value, { maxKeys: 3 }), async (at, headers) => {
      const status = await send(at, { headers }).catch((error: unknown) => {
        // A zero deadline may be exceeded.
        if (headers["grpc-timeout"] !== undefined) return 504;
        throw error;
      });
      expect(status).toBeLessThan(505);
    }),
    { ...seconds, interruptAfterTimeLimit: 1000 },
  );
});

test("malformed HTTP", { timeout: 20_000 }, async () => {
  const { port, send } = await start();
  const head = fc.constantFrom(
    "GET /v1/query HTTP/1.1\r\nHost: x\r\n",
    "POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n",
    "POST /v1/sum HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n",
    "GET /v1/talk/a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: x\r\n",
    "CONNECT x:80 HTTP/1.1\r\n",
    "FOO / HTTP/9\r\n",
    "GET v1/query HTTP/1.1\r\nHost: x\r\n",
    "GET http:///v1/query HTTP/1.1\r\nHost: x\r\n",
    "PRI * HTTP/2.0\r\n",
  );
  const header = fc.constantFrom(
    "Content-Length: 3\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 2\r\nContent-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: x\r\n",
    "Expect: 100-continue\r\n",
    "Expect: x\r\n",
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    ": x\r\n",
    "A\r\n",
    "Connection: close\r\n",
    "Upgrade: h2c\r\n",
  );
  const rest = fc.oneof(
    fc.constantFrom("{}", "3\r\n{}\n\r\n0\r\n\r\n", "zz\r\n", "ffffffffffffffff\r\n", "", "\x81\x85\0\0\0\0hello", "\xff\xff"),
    fc.string({ unit: "binary-ascii" }),
  );
  await fc.assert(
    fc.asyncProperty(head, fc.array(header, { maxLength: 3 }), rest, async (line, headers, bytes) => {
      const response = await raw(port, Buffer.from(`${line}${headers.join("")}\r\n${bytes}`, "latin1"), 20);
      expect([/^HTTP\/1.1 50[02-9]/.test(response), response]).toEqual([false, response]);
    }),
    { interruptAfterTimeLimit: 1500, numRuns: 60, seed: 20_211 },
  );
  await send("/v1/query");
});
