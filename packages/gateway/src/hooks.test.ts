// The hooks, in REST and over WebSockets.
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import {
  Code,
  codeFrom,
  createChannel,
  createClient,
  detail,
  type Handlers,
  implement,
  type MetadataInit,
  RpcError,
} from "@grpc-study/rpc";
import { RetryInfoSchema } from "@grpc-study/rpc/error-details";
import { Health } from "@grpc-study/rpc/health";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { startGateway } from "../test/gateway.ts";
import { ThingSchema, Things } from "../test/gen/things_pb.js";
import { createGateway } from "./gateway.ts";
import type { BodyCodec, CallInfo, GatewayHooks } from "./hooks.ts";
import type { GatewayServerOptions } from "./options.ts";

const seen: Record<string, unknown>[] = [];
const handlers: Handlers<typeof Things> = {
  get: (thing, { metadata, header, trailer }) => {
    seen.push(Object.fromEntries(metadata));
    header.set("a", "1").set("secret", "s");
    trailer.set("b", "2").set("secret", "s");
    if (thing.stringValue === "fail") throw new RpcError(Code.NOT_FOUND, "no such thing");
    return thing;
  },
  create: (thing) => thing,
  part: (thing) => thing,
  raw: (body) => body,
  async sum(things) {
    let int32Value = 0;
    for await (const thing of things) int32Value += thing.int32Value;
    return { int32Value };
  },
  async *talk(things) {
    yield* things;
  },
  async *list({ count, fail }, { metadata }) {
    seen.push(Object.fromEntries(metadata));
    for (let index = 0; index < count; index++) yield { int32Value: index };
    if (fail !== 0) throw new RpcError(codeFrom(fail), "no more");
  },
};

const start = (hooks: GatewayHooks, more: Partial<GatewayServerOptions> = {}) => {
  seen.length = 0;
  return startGateway(implement(Things, handlers), { graceMs: 0, hooks, ...more });
};

test("incomingHeader maps headers to metadata, drops them, or leaves them to the gateway's rules", async () => {
  const names: string[] = [];
  const { url } = await start({
    incomingHeader: (name) => {
      names.push(name);
      if (name === "x-tenant") return "Tenant";
      if (name === "authorization") return false;
      if (name.startsWith("x-")) return name;
      return name === "connection" || name === "host" ? name : undefined;
    },
  });
  const headers = {
    "X-Tenant": "t",
    Authorization: "Bearer x",
    "Grpc-Metadata-A": "1",
    Traceparent: "p",
    "X-Other": "o",
    "X-Forwarded-For": "1.1.1.1",
    "X-Real-Ip": "1.1.1.1",
    "Grpc-Metadata-Te": "x",
  };
  await (await fetch(`${url}/v1/query`, { headers })).text();
  expect(seen[0]).toMatchObject({ tenant: "t", a: "1", traceparent: "p", "x-other": "o", "x-forwarded-for": "127.0.0.1" });
  for (const key of ["authorization", "x-tenant", "x-real-ip", "host", "connection", "te"]) expect(seen[0], key).not.toHaveProperty(key);
  expect(names).toContain("x-tenant");
});

test("outgoingHeader and outgoingTrailer name response headers, or drop metadata", async () => {
  const rename = (key: string) => (key === "secret" ? false : key === "a" || key === "b" ? `X-${key}` : undefined);
  const { url } = await start({ outgoingHeader: rename, outgoingTrailer: rename });
  for (const path of ["/v1/query", "/v1/things/fail"]) {
    const { headers } = await fetch(url + path);
    expect([headers.get("x-a"), headers.get("x-b")], path).toEqual(["1", "2"]);
    for (const name of ["grpc-metadata-a", "grpc-trailer-b", "grpc-metadata-secret", "grpc-trailer-secret"])
      expect(headers.has(name)).toBe(false);
  }
});

test("a hook for headers that returns a name that cannot be sent fails the call, and one for trailers drops them", async () => {
  const errors: object[] = [];
  const logger = { info() {}, warn() {}, error: (fields: object) => void errors.push(fields) };
  const { url } = await start({ outgoingHeader: () => "content-length" }, { logger });
  expect((await fetch(`${url}/v1/query`)).status).toBe(500);
  const other = await start({ outgoingTrailer: () => "a b" }, { logger });
  expect((await fetch(`${other.url}/v1/query`)).status).toBe(200);
  expect(errors.map((fields) => String((fields as { err?: unknown }).err))).toEqual([
    'TypeError: the hook for the metadata a returned the header "content-length", which cannot be sent',
    'TypeError: the hook for the metadata b returned the header "a b", which cannot be sent',
  ]);
});

const authenticating: GatewayHooks = {
  metadata: async ({ request: { headers } }) => {
    const token = headers.authorization;
    if (token === "Bearer down") throw new Error("secret");
    if (token !== "Bearer x") throw new RpcError(Code.UNAUTHENTICATED, "who are you?");
    return { "x-user": "mei", "x-key-bin": Uint8Array.of(1) };
  },
};

test("metadata authenticates each call, and a client cannot forge what it returns", async () => {
  const { url } = await start(authenticating);
  const headers = { authorization: "Bearer x", "grpc-metadata-x-user": "root", "grpc-metadata-other": "o" };
  expect((await fetch(`${url}/v1/query`, { headers })).status).toBe(200);
  await (await fetch(`${url}/v1/list?count=1`, { headers })).text();
  for (const metadata of seen) expect(metadata).toMatchObject({ "x-user": "mei", "x-key-bin": Buffer.of(1), other: "o" });
  expect(seen).toHaveLength(2);
  const rejected = await fetch(`${url}/v1/query`);
  expect([rejected.status, await rejected.json()]).toEqual([401, { code: 16, message: "who are you?", details: [] }]);
  const down = await fetch(`${url}/v1/query`, { headers: { authorization: "Bearer down" } });
  expect([down.status, await down.json()]).toEqual([500, { code: 13, message: "internal error", details: [] }]);
  expect(seen).toHaveLength(2);
});

test("metadata is asked before the body is read", async () => {
  const { port } = await start(authenticating);
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  onTestFinished(() => void socket.destroy());
  socket.write("POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
  const [text] = await once(socket, "data");
  expect(text).toMatch(/^HTTP\/1.1 401 /);
});

test("metadata is told of the call: the request, the protocol and the method", async () => {
  const calls: CallInfo[] = [];
  const { url } = await start({ metadata: (call) => void calls.push(call) });
  await (await fetch(`${url}/v1/things/a?int32_value=1`)).text();
  expect(calls).toMatchObject([
    { protocol: "rest", request: { method: "GET", path: "/v1/things/a", query: "int32_value=1", host: new URL(url).host } },
  ]);
  expect(calls[0]?.method).toBe(Things.method.get);
});

test("metadata must not return what belongs to HTTP or gRPC", async () => {
  const { url } = await start({ metadata: () => ({ "grpc-timeout": "1S" }) });
  expect((await fetch(`${url}/v1/query`)).status).toBe(500);
});

test("metadata applies to WebSockets", async () => {
  const { url } = await start(authenticating);
  const open = (token: string) => new WebSocket(`${url.replace("http", "ws")}/v1/list?count=1`, ["bearer", token]);
  const rejected = open("y");
  expect((await once(rejected, "close"))[0]).toBe(4000 + Code.UNAUTHENTICATED);
  const accepted = new WebSocket(`${url.replace("http", "ws")}/v1/list?count=1`, { headers: { authorization: "Bearer x" } });
  expect((await once(accepted, "close"))[0]).toBe(1000);
  expect(seen).toMatchObject([{ "x-user": "mei" }]);
});

test("a client that goes away while metadata waits leaves no call running", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const { url } = await start({
    metadata: async () => {
      asked.resolve();
      await answer.promise;
      return {};
    },
  });
  const controller = new AbortController();
  const response = fetch(`${url}/v1/query`, { signal: controller.signal }).catch(() => {});
  await asked.promise;
  controller.abort();
  await response;
  await new Promise((resolve) => setTimeout(resolve, 50));
  answer.resolve();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(seen).toEqual([]);
});

test("error renders errors of calls and of the gateway; one that throws has no effect", async () => {
  const { url } = await start({
    error: (error, { status, method, body }) => {
      if (error.code === Code.INVALID_ARGUMENT) throw new Error("a bug");
      return {
        status: status === 404 ? 410 : status,
        headers: { "X-Error": Code[error.code] ?? "" },
        body: { error: error.message, method: method?.name, status: JSON.parse(body) },
      };
    },
  });
  const failed = await fetch(`${url}/v1/things/fail`);
  expect([failed.status, failed.headers.get("x-error"), failed.headers.get("content-type"), await failed.json()]).toEqual([
    410,
    "NOT_FOUND",
    "application/json",
    { error: "no such thing", method: "Get", status: { code: 5, message: "no such thing", details: [] } },
  ]);
  const none = await fetch(`${url}/none`);
  expect([none.status, await none.json()]).toMatchObject([410, { error: "no route matches /none" }]);
  const wrong = await fetch(`${url}/v1/query?int32_value=x`);
  expect([wrong.status, await wrong.json()]).toMatchObject([400, { code: 3 }]);
});

test("error may send text", async () => {
  const { url } = await start({ error: ({ message }) => ({ headers: { "content-type": "text/plain" }, body: message }) });
  const failed = await fetch(`${url}/v1/things/fail`);
  expect([failed.status, failed.headers.get("content-type"), await failed.text()]).toEqual([404, "text/plain", "no such thing"]);
});

test("streamError renders errors within NDJSON and events", async () => {
  const { url } = await start({ streamError: ({ message }, { method }) => ({ problem: message, in: method?.name }) });
  const lines = await fetch(`${url}/v1/list?count=1&fail=5`);
  expect(await lines.text()).toBe('{"result":{}}\n{"error":{"problem":"no more","in":"List"}}\n');
  const events = await fetch(`${url}/v1/list?count=1&fail=5`, { headers: { accept: "text/event-stream" } });
  expect(await events.text()).toContain('event: error\nid: end\ndata: {"problem":"no more","in":"List"}\n\n');
});

test("response changes messages, or sends other JSON, also in streams and over WebSockets", async () => {
  const { url } = await start({
    response: (message, { method }) => {
      if (method.name === "Create") return `{"wrapped":true}`;
      (message as Message & { stringValue: string }).stringValue = "changed";
      return undefined;
    },
  });
  expect(await (await fetch(`${url}/v1/things/a`)).json()).toEqual({ stringValue: "changed" });
  const created = await fetch(`${url}/v1/things`, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
  expect(await created.json()).toEqual({ wrapped: true });
  expect(await (await fetch(`${url}/v1/list?count=1`)).text()).toBe('{"result":{"stringValue":"changed"}}\n');
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/list?count=1`);
  expect(String((await once(socket, "message"))[0])).toBe('{"stringValue":"changed"}');
});

const protobuf: BodyCodec = {
  parse: (bytes, schema) => fromBinary(schema, bytes),
  print: (message, schema) => toBinary(schema, message),
};
const shout: BodyCodec = {
  parse: (_bytes, schema) => {
    throw new Error(`no ${schema.name}`);
  },
  print: () => "LOUD",
};

test("codecs read and print bodies by media type", async () => {
  const { url } = await start({ codecs: { "application/x-protobuf": protobuf, "text/shout": shout } });
  const bytes = (value: string) => new Uint8Array(toBinary(ThingSchema, create(ThingSchema, { stringValue: value })));
  const ask = async (path: string, type: string | undefined, body: Uint8Array<ArrayBuffer> | string | undefined, accept?: string) => {
    const headers = { ...(type && { "content-type": type }), ...(accept && { accept }) };
    const response = await fetch(url + path, { method: body === undefined ? "GET" : "POST", headers, ...(body !== undefined && { body }) });
    return { status: response.status, type: response.headers.get("content-type"), bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const whole = await ask("/v1/things", "application/X-Protobuf; x=y", bytes("a"));
  expect([whole.status, whole.type, fromBinary(ThingSchema, whole.bytes).stringValue]).toEqual([200, "application/x-protobuf", "a"]);
  const field = await ask("/v1/body/message?int32_value=4", "application/x-protobuf", bytes("b"), "application/json");
  expect([field.status, JSON.parse(field.bytes.toString())]).toEqual([200, { nested: { stringValue: "b" }, int32Value: 4 }]);
  const read = await ask("/v1/things/c", undefined, undefined, "application/json;q=0.5, application/x-protobuf");
  expect(fromBinary(ThingSchema, read.bytes).stringValue).toBe("c");
  expect((await ask("/v1/things/c", undefined, undefined, "text/shout")).bytes.toString()).toBe("LOUD");
  for (const accept of ["*/*", "application/json, text/shout;q=0.5", "image/png"]) {
    expect((await ask("/v1/things/c", undefined, undefined, accept)).type, accept).toBe("application/json");
  }
  const scalar = await ask("/v1/body/scalar", "application/x-protobuf", bytes("b"));
  expect([scalar.status, scalar.bytes.toString()]).toEqual([415, expect.stringContaining("the body is not a message")]);
  const malformed = await ask("/v1/things", "text/shout", "x");
  expect([malformed.status, malformed.bytes.toString()]).toEqual([400, expect.stringContaining("the body is not text/shout: no Thing")]);
  expect((await ask("/v1/things", "application/yaml", "a: 1")).status).toBe(415);
});

test("notFound answers requests that no route matches, or leaves them to the gateway", async () => {
  const { url } = await start({
    notFound: async ({ path, method }) => {
      if (path === "/broken") throw new Error("a bug");
      return path === "/hello" ? { status: 200, headers: { "content-type": "text/plain" }, body: `${method} hello` } : undefined;
    },
  });
  const hello = await fetch(`${url}/hello`, { method: "POST" });
  expect([hello.status, hello.headers.get("content-type"), await hello.text()]).toEqual([200, "text/plain", "POST hello"]);
  expect((await fetch(`${url}/none`)).status).toBe(404);
  expect((await fetch(`${url}/broken`)).status).toBe(500);
  expect((await fetch(`${url}/v1/query`)).status).toBe(200);
});

test("hooks apply to the listener and to fetch", async () => {
  const gateway = createGateway({ services: [Things], upstream: "127.0.0.1:1", hooks: authenticating });
  onTestFinished(() => gateway.close());
  expect((await gateway.fetch("/v1/query")).status).toBe(401);
  const server = createHttpServer(gateway.listener).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  expect((await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/query`)).status).toBe(401);
});

test.each([
  [{ metadat: () => {} }, 'hooks has no hook "metadat"'],
  [{ metadata: "x" }, "hooks.metadata must be a function, got 'x'"],
  [{ codecs: { "Application/X": protobuf } }, 'hooks.codecs has the key "Application/X"'],
  [{ codecs: { "a/b": {} } }, 'hooks.codecs["a/b"] must have the functions parse and print'],
])("invalid hooks throw: %j", (hooks, message) => {
  expect(() => createGateway({ services: [Things], upstream: "127.0.0.1:1", hooks: hooks as never })).toThrow(message);
});

describe("metadata applies to the other protocols:", () => {
  const path = `/${Things.typeName}/Get`;
  const reject: GatewayHooks = {
    metadata: async ({ request: { headers }, protocol, method }) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (headers["authorization"] === "Bearer x") return { "x-user": `${protocol} ${method?.name}` };
      throw new RpcError(Code.UNAUTHENTICATED, "who are you?", { details: [detail(RetryInfoSchema, {})] });
    },
  };

  test("Connect", async () => {
    const { url } = await start(reject);
    const ask = (headers: Record<string, string>, init: RequestInit = {}) =>
      fetch(url + path, {
        method: "POST",
        body: "{}",
        ...init,
        headers: { "content-type": "application/json", "connect-protocol-version": "1", ...headers },
      });
    const rejected = await ask({});
    expect([rejected.status, await rejected.json()]).toMatchObject([401, { code: "unauthenticated", message: "who are you?" }]);
    expect((await ask({ authorization: "Bearer x", "x-user": "root" })).status).toBe(200);
    expect(seen).toMatchObject([{ "x-user": "connect Get" }]);
    const stream = { "content-type": "application/connect+json" };
    const body = Buffer.from('\0\0\0\0\x0b{"count":1}');
    const list = `${url}/${Things.typeName}/List`;
    expect(await (await fetch(list, { method: "POST", headers: stream, body })).text()).toContain("who are you?");
    expect(await (await fetch(list, { method: "POST", headers: { ...stream, authorization: "Bearer x" }, body })).text()).not.toContain(
      "error",
    );
    expect(seen).toMatchObject([{}, { "x-user": "connect List" }]);
  });

  test("gRPC-Web", async () => {
    const { url } = await start(reject);
    const ask = async (headers: Record<string, string>) => {
      const response = await fetch(url + path, {
        method: "POST",
        body: Buffer.alloc(5),
        headers: { "content-type": "application/grpc-web+proto", ...headers },
      });
      return response.text();
    };
    expect(await ask({})).toContain("grpc-status: 16\r\ngrpc-message: who are you?\r\ngrpc-status-details-bin: ");
    expect(await ask({ authorization: "Bearer x", "x-user": "root" })).toContain("grpc-status: 0");
    expect(seen).toMatchObject([{ "x-user": "grpc-web Get" }]);
  });

  test("gRPC", async () => {
    const { port } = await start(reject);
    const channel = createChannel(`127.0.0.1:${port}`);
    onTestFinished(() => channel.close());
    const client = createClient(Things, channel);
    const metadata = { authorization: "Bearer x", "x-user": "root" };
    await expect(client.get({})).rejects.toMatchObject({ code: Code.UNAUTHENTICATED, message: "who are you?", details: [{}] });
    await expect(Array.fromAsync(client.talk([{}]))).rejects.toMatchObject({ code: Code.UNAUTHENTICATED });
    await expect(createClient(Health, channel).check({})).rejects.toMatchObject({ code: Code.UNAUTHENTICATED });
    expect(await client.get({ stringValue: "a" }, { metadata })).toMatchObject({ stringValue: "a" });
    expect(await Array.fromAsync(client.list({ count: 2 }, { metadata }))).toHaveLength(2);
    expect(await Array.fromAsync(client.talk([{ int32Value: 1 }, { int32Value: 2 }], { metadata }))).toMatchObject([
      { int32Value: 1 },
      { int32Value: 2 },
    ]);
    expect(await client.sum([{ int32Value: 1 }, { int32Value: 2 }], { metadata })).toMatchObject({ int32Value: 3 });
    expect(seen).toMatchObject([{ "x-user": "grpc Get" }, { "x-user": "grpc List" }]);
  });

  test("the log has what a caller of gRPC is not told", async () => {
    const warned: unknown[] = [];
    const logger = { info() {}, error() {}, warn: (_fields: object, message: string) => void warned.push(message) };
    const metadata = () => {
      throw new RpcError(Code.UNAVAILABLE, "the users are at 10.0.0.7", { cause: new Error("ECONNREFUSED") });
    };
    const { port } = await start({ metadata }, { logger });
    using client = createClient(Things, `127.0.0.1:${port}`);
    await expect(client.get({})).rejects.toMatchObject({ code: Code.UNAVAILABLE, message: expect.not.stringContaining("10.0.0.7") });
    expect(warned).toEqual(["the users are at 10.0.0.7"]);
  });

  test("a gRPC caller that goes away while the hook waits leaves no call running", async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<MetadataInit>();
    const { port } = await start({
      metadata: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    const channel = createChannel(`127.0.0.1:${port}`);
    onTestFinished(() => channel.close());
    const abort = new AbortController();
    const call = createClient(Things, channel).get({}, { signal: abort.signal });
    await asked.promise;
    abort.abort();
    await expect(call).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    answer.resolve({});
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen).toEqual([]);
  });
});
