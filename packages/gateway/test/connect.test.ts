// Connect by its bytes (https://connectrpc.com/docs/protocol).
import * as http from "node:http";
import * as http2 from "node:http2";
import * as zlib from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { callsServer, until } from "./calls.ts";
import { startGateway } from "./gateway.ts";

const base = "/grpc_study.gateway_test.Calls";

async function start(options: Parameters<typeof startGateway>[1] = {}) {
  const { implementation, seen } = callsServer();
  const { url, port } = await startGateway(implementation, options);
  const request = async (method: string, path: string, body?: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, { method, headers, ...(body !== undefined && { body }) });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
  };
  const post = (method: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    request("POST", `${base}/${method}`, body, { "content-type": "application/json", ...headers });
  return { request, post, seen, port, url };
}

function frame(flags: number, message: string | Uint8Array): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(message);
  return Buffer.concat([Buffer.from([flags, 0, 0, bytes.length >> 8, bytes.length & 255]), bytes]);
}

/** The flags and texts of a body. */
function frames(body: Buffer): [number, string][] {
  const all: [number, string][] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    all.push([body[at] ?? 0, body.toString("utf8", at + 5, end)]);
    at = end;
  }
  return all;
}

const stream = { "content-type": "application/connect+json" };

test("a unary request is JSON without framing, with or without the version", async () => {
  const { post } = await start();
  const headers: Record<string, string>[] = [
    {},
    { "connect-protocol-version": "1" },
    { "content-type": "application/json; charset=utf-8" },
  ];
  for (const more of headers) {
    const { status, headers, text } = await post("Echo", '{"text": "Buf"}', more);
    expect([status, headers.get("content-type"), text]).toEqual([200, "application/json", '{"text":"Buf"}']);
  }
});

test("headers of the client's own are metadata, and those of HTTP and of browsers only if they are listed", async () => {
  const own = { "content-tenant": "a", "accept-terms": "yes", "if-tenant": "b", "x-trace": "1" };
  const ofHttp = { "accept-language": "de", "content-language": "en", "if-match": "1", referer: "http://127.0.0.1/", cookie: "a=b" };
  const { post, seen } = await start();
  await post("Echo", "{}", { ...own, ...ofHttp });
  expect(seen.metadata).toMatchObject(own);
  expect(Object.keys(ofHttp).filter((name) => name in seen.metadata)).toEqual([]);
  const listing = await start({ forwardHeaders: ["accept-language", "cookie"] });
  await listing.post("Echo", "{}", { ...own, ...ofHttp });
  expect(listing.seen.metadata).toMatchObject({ ...own, "accept-language": "de", cookie: "a=b" });
});

test("a binary request is a message of protobuf", async () => {
  const { post } = await start();
  const { status, headers, bytes } = await post("Echo", Buffer.from("0a03427566", "hex"), { "content-type": "application/proto" });
  expect([status, headers.get("content-type"), bytes.toString("hex")]).toEqual([200, "application/proto", "0a03427566"]);
});

test("a binary message that the upstream cannot decode is invalid_argument, and other failures keep their code", async () => {
  const { post } = await start({ transport: "over a socket" });
  for (const [hex, status, code] of [
    ["ff", 400, "invalid_argument"],
    ["0a01ff", 400, "invalid_argument"],
    ["200d", 500, "internal"],
  ] as const) {
    const answer = await post("Echo", Buffer.from(hex, "hex"), { "content-type": "application/proto" });
    expect([hex, answer.status, JSON.parse(answer.text).code]).toEqual([hex, status, code]);
  }
});

test("an invalid request is an error with its code and HTTP status", async () => {
  const { post } = await start({ elementLimit: 20 });
  for (const [body, headers, status, error] of [
    ["{", {}, 400, { code: "invalid_argument" }],
    ["", {}, 400, { code: "invalid_argument" }],
    ['{"count":"x"}', {}, 400, { code: "invalid_argument", message: 'count: "x" is not an int32' }],
    [`{"details":[${Array(30).fill('{"@type":"type.googleapis.com/google.protobuf.Empty"}')}]}`, {}, 429, { code: "resource_exhausted" }],
    [
      "{}",
      { "connect-protocol-version": "2" },
      400,
      { code: "invalid_argument", message: 'the header connect-protocol-version must be 1, got "2"' },
    ],
    ["{}", { "connect-timeout-ms": "1s" }, 400, { code: "invalid_argument" }],
    ["{}", { "connect-timeout-ms": "0" }, 504, { code: "deadline_exceeded" }],
    [
      "{}",
      { "content-encoding": "zstd" },
      501,
      { code: "unimplemented", message: 'the header content-encoding must be gzip, br or identity, got "zstd"' },
    ],
    ["{}", { "content-encoding": "gzip" }, 400, { code: "invalid_argument" }],
    ["{}", { "x-bin": "§" }, 400, { code: "invalid_argument" }],
  ] as const) {
    const response = await post("Echo", body, headers);
    expect([response.status, response.headers.get("content-type")]).toEqual([status, "application/json"]);
    expect(JSON.parse(response.text)).toMatchObject(error);
  }
});

test.each([
  [1, "canceled", 499],
  [2, "unknown", 500],
  [3, "invalid_argument", 400],
  [4, "deadline_exceeded", 504],
  [5, "not_found", 404],
  [6, "already_exists", 409],
  [7, "permission_denied", 403],
  [8, "resource_exhausted", 429],
  [9, "failed_precondition", 400],
  [10, "aborted", 409],
  [11, "out_of_range", 400],
  [12, "unimplemented", 501],
  [13, "internal", 500],
  [14, "unavailable", 503],
  [15, "data_loss", 500],
  [16, "unauthenticated", 401],
])("the code %d is %s with status %d", async (code, name, status) => {
  const { post } = await start();
  const response = await post("Echo", JSON.stringify({ code, text: "why" }), { "t-echo": "t", "x-echo": "x" });
  expect(response.status).toBe(status);
  expect(JSON.parse(response.text)).toEqual({ code: name, message: "why" });
  expect(response.headers.get("trailer-t-echo")).toBe("t");
});

test("bodies are compressed as the client asks", async () => {
  const { post } = await start();
  const body = zlib.gzipSync('{"text":"zip","size":2000}');
  for (const [accept, encoding] of [
    ["br", "br"],
    ["gzip, br", "gzip"],
    ["identity", null],
  ] as const) {
    const { headers, text } = await post("Echo", body, { "content-encoding": "gzip", "accept-encoding": accept });
    expect(headers.get("content-encoding")).toBe(encoding);
    // fetch decompresses.
    expect(JSON.parse(text)).toMatchObject({ text: "zip", size: 2000 });
  }
  const bomb = await post("Echo", zlib.gzipSync(Buffer.alloc(20_000_000)), { "content-encoding": "gzip" });
  expect([bomb.status, JSON.parse(bomb.text).code]).toEqual([429, "resource_exhausted"]);
});

test("a method without side effects takes GET, and the others do not", async () => {
  const { request } = await start();
  const json = `message=${encodeURIComponent('{"text":"é+"}')}&encoding=json&connect=v1`;
  const got = await request("GET", `${base}/Read?${json}`);
  expect([got.status, got.headers.get("content-type"), got.text]).toEqual([200, "application/json", '{"text":"é+"}']);
  expect(got.headers.get("vary")).toMatch(/accept-encoding/);
  const zipped = zlib.gzipSync(Buffer.from("0a0161", "hex")).toString("base64url");
  const proto = await request("GET", `${base}/Read?encoding=proto&base64=1&compression=gzip&message=${zipped}`);
  expect([proto.status, proto.headers.get("content-type"), proto.bytes.toString("hex")]).toEqual([200, "application/proto", "0a0161"]);
  const head = await request("HEAD", `${base}/Read?${json}`);
  expect([head.status, head.text]).toEqual([200, ""]);
  expect((await request("GET", `${base}/Read?encoding=thrift&message=`)).status).toBe(415);
  expect((await request("GET", `${base}/Read?encoding=json`)).status).toBe(400);
  expect((await request("GET", `${base}/Read?encoding=json&message=%7B%7D&compression=zstd`)).status).toBe(501);

  const denied = await request("GET", `${base}/Echo?${json}`);
  expect([denied.status, denied.headers.get("allow"), JSON.parse(denied.text).code]).toEqual([405, "OPTIONS, POST", "unknown"]);
  const put = await request("PUT", `${base}/Read`, "{}", { "content-type": "application/json" });
  expect([put.status, put.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS, POST"]);
  expect((await request("GET", `${base}/Repeat?${json}`)).status).toBe(405);
});

test("a wrong content type is 415 and names the right ones", async () => {
  const { post } = await start();
  for (const [method, type, accept] of [
    ["Echo", "text/plain", "application/json, application/proto"],
    ["Echo", "application/connect+json", "application/json, application/proto"],
    ["Repeat", "application/json", "application/connect+json, application/connect+proto"],
    ["Repeat", "application/connect+thrift", "application/connect+json, application/connect+proto"],
    ["Echo", "application/grpc", "application/json, application/proto"],
  ] as const) {
    const { status, headers, text } = await post(method, "{}", { "content-type": type });
    expect([status, headers.get("accept-post"), JSON.parse(text).code]).toEqual([415, accept, "unknown"]);
    expect(JSON.parse(text).message).toContain(JSON.stringify(type));
  }
});

test("an unknown method is unimplemented: 404, or the end of a stream", async () => {
  const { post } = await start();
  for (const headers of [{ "connect-protocol-version": "1" }, { "content-type": "application/proto" }]) {
    const { status, text } = await post("Nothing", "{}", headers);
    expect([status, JSON.parse(text).code]).toEqual([404, "unimplemented"]);
  }
  const { status, text } = await post("Nothing", "", stream);
  expect([status, JSON.parse(text.slice(5)).error.code]).toEqual([200, "unimplemented"]);
});

test("a stream ends with an EndStreamResponse", async () => {
  const { post } = await start();
  const body = Buffer.concat([frame(0, '{"text":"a"}'), frame(0, '{"text":"b"}')]);
  const join = await post("Join", body, { ...stream, "t-echo": "t" });
  expect([join.status, join.headers.get("content-type")]).toEqual([200, "application/connect+json"]);
  expect(frames(join.bytes)).toEqual([
    [0, '{"text":"a,b","count":2}'],
    [2, '{"metadata":{"t-echo":["t"]}}'],
  ]);
  const failed = await post("Repeat", frame(0, '{"count":1,"code":14,"text":"overloaded"}'), stream);
  expect(failed.status).toBe(200);
  expect(frames(failed.bytes)).toEqual([
    [0, '{"text":"overloaded","count":1}'],
    [2, '{"error":{"code":"unavailable","message":"overloaded"}}'],
  ]);
});

test.each([
  ["no message", "Repeat", Buffer.alloc(0), {}, "unimplemented"],
  ["two messages", "Repeat", Buffer.concat([frame(0, "{}"), frame(0, "{}")]), {}, "unimplemented"],
  ["a part of a message", "Repeat", frame(0, "{}").subarray(0, 6), {}, "invalid_argument"],
  ["a part of a message in a stream", "Join", frame(0, "{}").subarray(0, 6), {}, "invalid_argument"],
  ["malformed JSON", "Join", frame(0, "{"), {}, "invalid_argument"],
  ["the flag of the end", "Join", frame(2, "{}"), {}, "invalid_argument"],
  ["a reserved flag", "Chat", frame(0x41, "{}"), {}, "invalid_argument"],
  ["a compressed message without an encoding", "Join", frame(1, "{}"), {}, "internal"],
  ["malformed gzip", "Join", frame(1, "{}"), { "connect-content-encoding": "gzip" }, "invalid_argument"],
  ["an unknown encoding", "Join", frame(1, "{}"), { "connect-content-encoding": "lz4" }, "unimplemented"],
  ["another version", "Chat", frame(0, "{}"), { "connect-protocol-version": "3" }, "invalid_argument"],
  ["a malformed timeout", "Chat", frame(0, "{}"), { "connect-timeout-ms": "-1" }, "invalid_argument"],
] as const)("%s fails the stream in its end", async (_what, method, body, headers, code) => {
  const { post } = await start();
  const { status, bytes } = await post(method, body, { ...stream, ...headers });
  expect(status).toBe(200);
  const all = frames(bytes);
  expect(all).toHaveLength(1);
  const [[flags, end] = [0, ""]] = all;
  expect(flags).toBe(2);
  expect(JSON.parse(end)).toMatchObject({ error: { code } });
});

test("messages of a stream are compressed as the client asks", async () => {
  const { post } = await start();
  const headers = { ...stream, "connect-content-encoding": "br", "connect-accept-encoding": "gzip" };
  const body = Buffer.concat([frame(1, zlib.brotliCompressSync('{"text":"a"}')), frame(0, JSON.stringify({ text: "b".repeat(2000) }))]);
  const response = await post("Chat", body, headers);
  expect(response.headers.get("connect-content-encoding")).toBe("gzip");
  expect(frames(response.bytes).map(([flags]) => flags)).toEqual([0, 1, 2]);
  const second = response.bytes.subarray(5 + 12 + 5, response.bytes.length - 7);
  expect(JSON.parse(zlib.gunzipSync(second).toString()).text).toHaveLength(2000);
});

test("an upload that is cut off is cancelled, and never complete for the upstream", async () => {
  const { port, seen } = await start();
  for (const [path, type, part] of [
    ["Join", "application/connect+json", frame(0, '{"text":"a"}')],
    ["Join", "application/connect+json", frame(0, '{"text":"a"}').subarray(0, 7)],
    ["Chat", "application/connect+json", frame(0, '{"text":"a"}')],
  ] as const) {
    seen.ends.length = 0;
    seen.metadata = {};
    const headers = { "content-type": type, "x-echo": "1", "transfer-encoding": "chunked" };
    const request = http.request({ port, method: "POST", path: `${base}/${path}`, headers });
    request.on("error", () => {});
    request.write(part);
    await until(() => seen.metadata["x-echo"] === "1");
    request.destroy();
    await until(() => seen.ends.length > 0);
    expect(seen.ends).toEqual(["CANCELLED"]);
  }
});

test("an upload over HTTP/2 whose connection is lost is cancelled", async () => {
  const { url, seen } = await start({ transport: "over a socket" });
  const session = http2.connect(url);
  session.on("error", () => {});
  const upload = session.request({ ":method": "POST", ":path": `${base}/Join`, ...stream, "x-echo": "1" });
  upload.on("error", () => {});
  upload.write(frame(0, '{"text":"a"}'));
  await until(() => seen.metadata["x-echo"] === "1");
  session.socket.destroy();
  await until(() => seen.ends.length > 0);
  expect(seen.ends).toEqual(["CANCELLED"]);
});

test("a stream whose gateway closes has an end with an error", async () => {
  const { implementation } = callsServer();
  const { url, gateway } = await startGateway(implementation, { graceMs: 100 });
  const response = await fetch(`${url}${base}/Repeat`, { method: "POST", headers: stream, body: frame(0, '{"text":"hang","count":1}') });
  const closing = gateway.close();
  onTestFinished(() => closing);
  const [first, last] = frames(Buffer.from(await response.arrayBuffer()));
  expect(first).toEqual([0, '{"text":"hang","count":1}']);
  expect(last).toEqual([2, '{"error":{"code":"unavailable","message":"the gateway is shutting down"}}']);
});

test("a REST route keeps its path, unless the request is Connect", async () => {
  const { post, request } = await start({ unbound: true });
  const rest = await post("Echo", '{"code":5}');
  expect(JSON.parse(rest.text)).toMatchObject({ code: 5 });
  const connect = await post("Echo", '{"code":5}', { "connect-protocol-version": "1" });
  expect(JSON.parse(connect.text)).toEqual({ code: "not_found" });
  const get = await request("GET", `${base}/Read?encoding=json&message=%7B%7D`);
  expect(get.status).toBe(200);
});

test("requireConnectVersion leaves JSON without the version to REST", async () => {
  const { post, request } = await start({ requireConnectVersion: true });
  expect((await post("Echo", '{"code":5}')).status).toBe(404);
  expect((await post("Echo", "{}", { "connect-protocol-version": "1" })).status).toBe(200);
  expect((await request("GET", `${base}/Read?connect=v1&encoding=json&message=%7B%7D`)).status).toBe(200);
});

test("a gateway without the protocol does not serve it", async () => {
  const { post } = await start({ protocols: ["grpc-web"] });
  expect((await post("Echo", "{}", { "connect-protocol-version": "1" })).status).toBe(404);
});
