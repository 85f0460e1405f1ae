// The Fastify plugin: hooks, plugins by route, encapsulation, and hooks that no request can get round.
import { request as httpRequest } from "node:http";
import { connect as http2Connect } from "node:http2";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import fastifyAuth from "@fastify/auth";
import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import websocket from "@fastify/websocket";
import { Code, createServer, type Handlers, implement, RpcError } from "@grpc-study/rpc";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { Calls, callsServer } from "../../test/calls.ts";
import { Things } from "../../test/gen/things_pb.js";
import { type FastifyGatewayOptions, fastifyGateway } from "./fastify.ts";

const handlers: Handlers<typeof Things> = {
  get: ({ stringValue }) => ({ stringValue }),
  create: ({ stringValue, int32Value }) => ({ stringValue, int32Value }),
  async *list({ count }, { metadata }) {
    for (let index = 0; index < count; index++) yield { int32Value: index, repeatedValue: [...metadata.getAll("authorization")] };
  },
  async *talk(requests) {
    for await (const { int32Value } of requests) yield { int32Value };
  },
  async sum(requests) {
    let sum = 0;
    for await (const { int32Value } of requests) sum += int32Value;
    return { int32Value: sum };
  },
};

type Options = Partial<FastifyGatewayOptions> & { prefix?: string };

async function add(app: FastifyInstance, options: Options = {}, more: Handlers<typeof Things> = {}) {
  const server = createServer({ onError: () => {} });
  server.add(implement(Things, { ...handlers, ...more }));
  onTestFinished(async () => {
    await app.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  await app.register(fastifyGateway, { services: [Things], upstream: server.channel(), graceMs: 0, ...options });
  return app;
}

const listen = (app: FastifyInstance) => app.listen({ host: "127.0.0.1", port: 0 });

/** What becomes of a WebSocket: its close code and its frames, or the status that rejects it. */
function socketOf(
  url: string,
  path: string,
  { send = [], protocol, ...options }: { send?: string[]; protocol?: string; headers?: Record<string, string> } = {},
) {
  const socket = new WebSocket(`${url.replace("http", "ws")}${path}`, protocol, options);
  onTestFinished(() => socket.terminate());
  const frames: string[] = [];
  socket.on("error", () => {});
  socket.on("message", (data) => frames.push(String(data)));
  socket.on("open", () => {
    for (const frame of send) socket.send(frame);
  });
  return new Promise<{ code?: number; reason?: string; frames?: string[]; status?: number }>((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: String(reason), frames }));
    socket.on("unexpected-response", (_request, { statusCode = 0 }) => resolve({ status: statusCode }));
  });
}

test("inject: calls, errors and unknown paths", async () => {
  const app = await add(Fastify());
  const got = await app.inject("/v1/things/a%2Fb");
  expect([got.statusCode, got.json()]).toEqual([200, { stringValue: "a/b" }]);
  const created = await app.inject({ method: "POST", url: "/v1/things", payload: { int32Value: 7 } });
  expect(created.json()).toEqual({ int32Value: 7 });
  expect((await app.inject("/v1/list?count=2")).payload).toContain('"int32Value":1');
  expect((await app.inject({ method: "HEAD", url: "/v1/things/a" })).statusCode).toBe(200);
  const unknown = await app.inject("/nothing");
  expect([unknown.statusCode, unknown.json()]).toEqual([404, { code: 5, message: "no route matches /nothing", details: [] }]);
  const wrong = await app.inject({ method: "DELETE", url: "/v1/list" });
  expect([wrong.statusCode, wrong.headers["allow"]]).toEqual([405, "GET, HEAD, OPTIONS, POST"]);
  expect((await app.inject("/openapi.json")).json().openapi).toMatch(/^3\./);
});

test("each binding has a route of Fastify, which plugins and metrics see", async () => {
  const urls: (string | undefined)[] = [];
  const app = await add(
    Fastify().addHook("onResponse", async (request) => {
      urls.push(request.routeOptions.url);
    }),
    { prefix: "/api" },
  );
  for (const url of ["/v1/things/a", "/v1/nested/a/1", "/v1/shelves/a/books/b", "/v1/files/a/b/c", "/nothing"])
    await app.inject(`/api${url}`);
  await app.inject({ method: "POST", url: "/api/v1/things/a:rename", payload: {} });
  expect(urls).toEqual([
    "/api/v1/things/:string_value",
    "/api/v1/nested/:nested_string_value/:nested_nested_int64_value",
    "/api/v1/shelves/:string_value/books/:string_value_4",
    "/api/v1/files/*",
    "/api/*",
    "/api/v1/things/:string_value",
  ]);
});

test("bindings that Fastify cannot tell apart, or that overlap, are served by their own methods", async () => {
  const names: unknown[] = [];
  const get = (path: string) => ({ pattern: { case: "get", value: path } }) as const;
  const custom = (kind: string, path: string) => ({ pattern: { case: "custom", value: { kind, path } } }) as const;
  const rules = [
    {
      selector: `${Things.typeName}.Get`,
      ...get("/x/{string_value}:one"),
      additionalBindings: [
        get("/x/{nested.string_value}:two"),
        get("/x/{string_value=**}/deep"),
        custom("*", "/x/all/{string_value}"),
        custom("PUT", "/x/all/{nested.string_value}"),
        custom("HEAD", "/x/{string_value}:one"),
        get("/x/@a,b/%C3%BC/{string_value}"),
      ],
    },
    {
      selector: `${Things.typeName}.Create`,
      ...get("/x/{string_value}:three"),
      additionalBindings: [get("/x/{string_value}"), get("/x/{string_value=**}/low")],
    },
  ];
  const app = await add(
    Fastify(),
    { rules, route: (method) => ({ onRequest: async () => void names.push(method.name) }) },
    {
      create: ({ stringValue }) => ({ stringValue, int32Value: 1 }),
      get: ({ stringValue, nested }) => ({ stringValue, ...(nested && { nested }) }),
    },
  );
  const ask = async (url: string, method: "GET" | "PUT" | "PURGE" = "GET") => {
    const { payload } = await app.inject({ method: method as "GET", url });
    return [names.splice(0), payload];
  };
  expect(await ask("/x/a:one")).toEqual([["Get"], '{"stringValue":"a"}']);
  expect(await ask("/x/a:two")).toEqual([["Get"], '{"nested":{"stringValue":"a"}}']);
  expect(await ask("/x/a:three")).toEqual([["Create"], '{"int32Value":1,"stringValue":"a"}']);
  expect(await ask("/x/a")).toEqual([["Create"], '{"int32Value":1,"stringValue":"a"}']);
  expect(await ask("/x/a/b/deep")).toEqual([["Get"], '{"stringValue":"a/b"}']);
  expect(await ask("/x/a/b/low")).toEqual([["Create"], '{"int32Value":1,"stringValue":"a/b"}']);
  expect(await ask("/x/all/a", "PURGE")).toEqual([["Get"], '{"stringValue":"a"}']);
  expect(await ask("/x/all/a", "PUT")).toEqual([["Get"], '{"nested":{"stringValue":"a"}}']);
  expect(await ask("/x/@a,b/%C3%BC/c")).toEqual([["Get"], '{"stringValue":"c"}']);
});

test("headers that hooks set reach the client; several cookies and vary are kept", async () => {
  const app = Fastify();
  app.addHook("onRequest", async (_request, reply) => {
    reply.headers({ "x-hook": "1", "set-cookie": ["a=1"], vary: "origin" });
  });
  await add(
    app,
    { responseHeaders: ["set-cookie", "vary", "x-hook"] },
    {
      get(_request, context) {
        for (const [key, value] of [
          ["set-cookie", "b=2"],
          ["vary", "accept"],
          ["x-hook", "2"],
        ] as const)
          context.header.set(key, value);
        return {};
      },
    },
  );
  const { headers } = await app.inject("/v1/things/a");
  expect(headers).toMatchObject({
    "x-hook": "2",
    "set-cookie": ["a=1", "b=2"],
    vary: "origin, accept",
    "content-type": "application/json",
  });
});

test("@fastify/helmet and @fastify/cors set their headers, also for streams and preflights", async () => {
  const app = Fastify();
  await app.register(helmet);
  await app.register(cors, { origin: "https://a.example" });
  await add(app);
  const url = await listen(app);
  for (const path of ["/v1/things/a", "/v1/list?count=1", "/nothing"]) {
    const response = await fetch(url + path, { headers: { origin: "https://a.example" } });
    await response.text();
    expect(response.headers.get("access-control-allow-origin")).toBe("https://a.example");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  }
  const preflight = await fetch(`${url}/v1/things`, {
    method: "OPTIONS",
    headers: { origin: "https://a.example", "access-control-request-method": "POST" },
  });
  expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "https://a.example"]);
});

test("@fastify/rate-limit works by method, through the option route", async () => {
  const app = Fastify();
  await app.register(rateLimit, { global: false });
  await add(app, {
    route: ({ name }) => (name === "Get" ? { config: { rateLimit: { max: 2, timeWindow: 60_000 } } } : undefined),
  });
  const statuses = [];
  for (let count = 0; count < 3; count++) statuses.push((await app.inject("/v1/things/a")).statusCode);
  const limited = await app.inject("/v1/things/b");
  expect([...statuses, limited.statusCode, limited.headers["x-ratelimit-limit"]]).toEqual([200, 200, 429, 429, "2"]);
  expect(limited.json()).toMatchObject({ statusCode: 429, error: "Too Many Requests" });
  for (let count = 0; count < 3; count++)
    expect((await app.inject({ method: "POST", url: "/v1/things", payload: {} })).statusCode).toBe(200);
});

/** An app in which some methods need a token. */
async function guarded(names: readonly string[], options: Options = {}, app = Fastify()) {
  await app.register(fastifyAuth);
  const verify = async (request: FastifyRequest) => {
    if (request.headers.authorization !== "Bearer good") throw Object.assign(new Error("a token is needed"), { statusCode: 401 });
  };
  await add(app, {
    unbound: true,
    route: ({ name }) => (names.includes(name) ? { preHandler: app.auth([verify]) } : undefined),
    ...options,
  });
  return app;
}

test("@fastify/auth rejects a call in Fastify's way, and lets others pass", async () => {
  const app = await guarded(["Get"]);
  const rejected = await app.inject("/v1/things/a");
  expect([rejected.statusCode, rejected.json()]).toEqual([401, { statusCode: 401, error: "Unauthorized", message: "a token is needed" }]);
  const authorization = "Bearer good";
  expect((await app.inject({ url: "/v1/things/a", headers: { authorization } })).json()).toEqual({ stringValue: "a" });
  expect((await app.inject({ method: "POST", url: "/v1/things", payload: {} })).statusCode).toBe(200);
});

test("no request gets round the hooks of a method", async () => {
  const paths = [
    "/v1/things/a",
    "/v1/things/%61",
    "/v1/%74hings/a",
    "/v1%2Fthings/a",
    "//v1/things/a",
    "/v1/things/a/",
    "/v1/things/",
    "/v1/./things/a",
    `/v1/things/${"x".repeat(1000)}`,
    "/v1/nested/a/1",
    `/v1/nested/${"x".repeat(101)}/1`,
    "/v1/shelves/a/books/b",
    "/v1/shelves/%61/books/b?x",
    "/v1/files/a/b",
    "/v1/files/",
    "/v1/files",
    "/v1/query",
    "/v1/query?string_value=x",
    "/v1/things/a:rename",
    "/v1/things/a%3Arename",
    "/V1/things/a",
    "http://localhost/v1/things/a",
    "HTTP://localhost/v1/things/a",
    "/grpc_study.gateway.test.Things/Get",
    `/${Things.typeName}/Get`,
    `/${Things.typeName.replace(".", "%2E")}/Get`,
    `/${Things.typeName}/Get?connect=v1&encoding=json&message=%7B%7D`,
  ];
  const called = vi.fn();
  const app = await guarded(
    ["Get", "Create"],
    {},
    Fastify({ routerOptions: { caseSensitive: true, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true } }),
  );
  const url = await listen(app);
  app.server.on("request", called);
  for (const method of ["GET", "HEAD", "POST", "PUT", "PURGE"]) {
    for (const path of paths) {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const { hostname, port } = new URL(url);
        const request = httpRequest({ hostname, port, method, path, headers: { "content-type": "application/json" } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.on("error", reject).end(method === "GET" || method === "HEAD" ? undefined : "{}");
      });
      expect([method, path, status]).toEqual([
        method,
        path,
        expect.toSatisfy((code: number) => code === 401 || code === 404 || code === 405),
      ]);
    }
  }
  expect(called).toHaveBeenCalled();
});

test("a long parameter passes if its method has no options of its own, else it fails with 404", async () => {
  const id = "x".repeat(500);
  const open = await add(Fastify());
  expect((await open.inject(`/v1/things/${id}`)).json()).toEqual({ stringValue: id });
  const app = await guarded(["Get"]);
  const { statusCode, payload } = await app.inject({ url: `/v1/things/${id}`, headers: { authorization: "Bearer good" } });
  expect([statusCode, payload]).toEqual([404, expect.stringContaining("maxParamLength")]);
  const wide = await guarded(["Get"], {}, Fastify({ routerOptions: { maxParamLength: 1000 } }));
  expect((await wide.inject({ url: `/v1/things/${id}`, headers: { authorization: "Bearer good" } })).json()).toEqual({ stringValue: id });
});

test("hooks run for WebSockets, of every HTTP method of a rule", async () => {
  const app = await guarded(["List", "Sum"]);
  const url = await listen(app);
  const headers = { authorization: "Bearer good" };
  expect(await socketOf(url, "/v1/list?count=1")).toEqual({ status: 401 });
  expect(await socketOf(url, "/v1/sum")).toEqual({ status: 401 });
  expect(await socketOf(url, "/v1/list?count=1", { headers })).toMatchObject({
    code: 1000,
    frames: [expect.stringContaining("Bearer good")],
  });
  expect(await socketOf(url, "/v1/sum", { headers, send: ['{"int32Value":2}', '{"int32Value":3}', ""] })).toMatchObject({
    code: 1000,
    frames: ['{"int32Value":5}'],
  });
  expect(await socketOf(url, "/v1/talk", { send: ['{"int32Value":2}', ""] })).toMatchObject({ code: 1000, frames: ['{"int32Value":2}'] });
  expect(await socketOf(url, "/v1/%6Cist?count=1")).toEqual({ status: 401 });
  expect(await socketOf(url, "/v1/things/a")).toEqual({ status: 400 });
  expect(await socketOf(url, "/nothing")).toEqual({ status: 404 });
  expect(await socketOf(url, "/v1/talk", { headers: { origin: "https://evil.example" } })).toEqual({ status: 403 });
});

test("an app that has @fastify/websocket keeps its own WebSockets", async () => {
  const app = Fastify();
  await app.register(websocket);
  app.get("/own", { websocket: true }, (socket) => {
    socket.send("own");
    socket.close(1000);
  });
  await guarded(["List"], { prefix: "/api" }, app);
  const url = await listen(app);
  expect(await socketOf(url, "/own")).toMatchObject({ frames: ["own"] });
  expect(await socketOf(url, "/api/v1/list?count=1")).toEqual({ status: 401 });
  const headers = { authorization: "Bearer good" };
  expect(await socketOf(url, "/api/v1/list?count=1", { headers })).toMatchObject({ code: 1000, frames: [expect.any(String)] });
});

test("the console is served when asked for, below the prefix, and Connect over WebSocket runs the hooks of methods", async () => {
  for (const options of [{}, { console: undefined }]) {
    expect((await (await add(Fastify(), options)).inject("/console/")).statusCode).toBe(404);
  }
  const app = await guarded(["List"], { prefix: "/api", console: { readOnly: true } });
  const url = await listen(app);
  const page = await fetch(`${url}/api/console`);
  expect([page.status, page.url, page.headers.get("content-security-policy")]).toEqual([
    200,
    `${url}/api/console/`,
    expect.stringContaining("default-src 'none'"),
  ]);
  expect(await (await fetch(`${url}/api/console/config.json`)).json()).toMatchObject({ root: "../", readOnly: true });
  // The page of the app stays its own.
  expect((await fetch(url)).status).toBe(404);
  const path = (method: string) => `/api/${Things.typeName}/${method}`;
  const talk = await socketOf(url, path("Talk"), { protocol: "connect.json", send: ["{}", '{"int32Value":2}', ""] });
  expect(talk).toMatchObject({ code: 1000, frames: expect.arrayContaining(['{"message":{"int32Value":2}}']) });
  const headers = { authorization: "Bearer good" };
  const list = { protocol: "connect.json", send: ["{}", '{"count":1}', ""] };
  expect(await socketOf(url, path("List"), list)).toEqual({ status: 401 });
  expect(await socketOf(url, path("List"), { ...list, headers })).toMatchObject({ code: 1000 });
});

const transports = {
  "Connect, JSON": (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  "Connect, GET": (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: true, useHttpGet: true }),
  "gRPC-Web": (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
};

test.each(Object.entries(transports))("%s: calls, streams, and hooks that no call gets round", async (_name, transport) => {
  const { implementation } = callsServer();
  const server = createServer({ onError: () => {} });
  server.add(implementation);
  const app = Fastify();
  await app.register(fastifyAuth);
  const verify = async (request: FastifyRequest) => {
    if (request.headers.authorization !== "Bearer good") throw Object.assign(new Error("a token is needed"), { statusCode: 401 });
  };
  const guarded = ["Read", "Repeat"];
  await app.register(fastifyGateway, {
    prefix: "/api",
    services: [Calls],
    upstream: server.channel(),
    graceMs: 0,
    route: ({ name }) => (guarded.includes(name) ? { preHandler: app.auth([verify]) } : undefined),
  });
  onTestFinished(async () => {
    await app.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  const client = createClient(Calls, transport(`${await listen(app)}/api`));
  const headers = { authorization: "Bearer good" };
  expect((await client.echo({ text: "open" })).text).toBe("open");
  await expect(client.read({ text: "closed" })).rejects.toMatchObject({ code: Code.UNAUTHENTICATED });
  expect((await client.read({ text: "token" }, { headers })).text).toBe("token");
  const counts = async (more: { headers?: Record<string, string> }) =>
    Array.fromAsync(client.repeat({ count: 3 }, more), ({ count }) => count);
  await expect(counts({})).rejects.toMatchObject({ code: Code.UNAUTHENTICATED });
  expect(await counts({ headers })).toEqual([1, 2, 3]);
  await expect(client.echo({ text: "wrong", code: 5 })).rejects.toMatchObject({ code: Code.NOT_FOUND, rawMessage: "wrong" });
});

test("other offers of an upgrade get a plain response", async () => {
  const url = await listen(await add(Fastify()));
  const response = await new Promise<string>((resolve, reject) => {
    const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABk" };
    httpRequest(`${url}/v1/things/a`, { headers }, (incoming) => {
      incoming.setEncoding("utf8").on("data", resolve);
    })
      .on("error", reject)
      .end();
  });
  expect(response).toBe('{"stringValue":"a"}');
});

test("two gateways with prefixes, and routes of one's own with their own content types", async () => {
  const app = Fastify();
  app.post("/own", async (request) => ({ body: request.body }));
  app.get("/a/v1/things/own", async () => "own");
  await add(app, { prefix: "/a" }, { get: () => ({ stringValue: "first" }) });
  await add(app, { prefix: "/b" }, { get: () => ({ stringValue: "second" }) });
  expect((await app.inject("/a/v1/things/x")).json()).toEqual({ stringValue: "first" });
  expect((await app.inject("/b/v1/things/x")).json()).toEqual({ stringValue: "second" });
  expect((await app.inject("/a/v1/things/own")).payload).toBe("own");
  expect((await app.inject({ method: "POST", url: "/own", payload: { a: 1 } })).json()).toEqual({ body: { a: 1 } });
  expect((await app.inject({ method: "POST", url: "/own", payload: "x", headers: { "content-type": "text/x" } })).statusCode).toBe(415);
  expect((await app.inject("/v1/things/x")).statusCode).toBe(404);
  expect((await app.inject("/a/openapi.json")).json().servers).toEqual([{ url: "/a" }]);
  const url = await listen(app);
  expect(await socketOf(url, "/a/v1/list?count=1")).toMatchObject({ code: 1000 });
  expect(await socketOf(url, "/b/v1/list?count=1")).toMatchObject({ code: 1000 });
});

test("trustProxy, request.id and the peer are Fastify's", async () => {
  const app = Fastify({ trustProxy: true, genReqId: () => "id-7" });
  let metadata: Record<string, string[]> = {};
  await add(
    app,
    { prefix: "/api" },
    {
      get(_request, context) {
        metadata = Object.fromEntries([...context.metadata.keys()].map((key) => [key, [...context.metadata.getAll(key)]]));
        return {};
      },
    },
  );
  const headers = { "x-forwarded-for": "192.0.2.7, 10.0.0.1", "x-forwarded-host": "shop.example", "x-forwarded-proto": "https" };
  const response = await app.inject({ url: "/api/v1/things/a", headers, remoteAddress: "127.0.0.1" });
  expect(response.headers["x-request-id"]).toBe("id-7");
  expect(metadata).toMatchObject({
    "x-forwarded-for": ["192.0.2.7, 10.0.0.1, 127.0.0.1"],
    "x-forwarded-host": ["shop.example"],
    "x-forwarded-proto": ["https"],
    "x-request-id": ["id-7"],
  });
});

test("Fastify's own log has the request, with the status; the gateway logs what clients do not see", async () => {
  const lines: Record<string, unknown>[] = [];
  const app = Fastify({ logger: { stream: { write: (line: string) => lines.push(JSON.parse(line)) } } });
  await add(
    app,
    {},
    {
      get() {
        throw new RpcError(Code.NOT_FOUND, "no such thing");
      },
    },
  );
  await app.inject("/v1/things/a");
  expect(lines.map(({ msg }) => msg)).toEqual(["incoming request", "request completed"]);
  expect(lines[1]).toMatchObject({ res: { statusCode: 404 } });
});

test("with http2: true, unary calls and streams", async () => {
  const app = Fastify({ http2: true });
  const server = createServer({ onError: () => {} });
  server.add(implement(Things, handlers));
  await app.register(fastifyGateway, { services: [Things], upstream: server.channel(), graceMs: 0 });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const session = http2Connect(url);
  onTestFinished(async () => {
    session.destroy();
    await app.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  const get = (path: string) =>
    new Promise<string>((resolve, reject) => {
      let text = "";
      session
        .request({ ":path": path })
        .setEncoding("utf8")
        .on("data", (chunk) => (text += chunk))
        .on("end", () => resolve(text))
        .on("error", reject)
        .end();
    });
  expect(await get("/v1/things/a")).toBe('{"stringValue":"a"}');
  expect(await get("/v1/list?count=2")).toContain('"int32Value":1');
});

test("close lets calls finish within graceMs, and cancels the others", async () => {
  const ends: string[] = [];
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  const { promise: finish, resolve: end } = Promise.withResolvers<void>();
  const app = await add(
    Fastify(),
    { graceMs: 10_000 },
    {
      async get() {
        begin();
        await finish;
        return { stringValue: "finished" };
      },
    },
  );
  const url = await listen(app);
  const response = fetch(`${url}/v1/things/a`).then((one) => one.text());
  await began;
  const closed = app.close().then(() => ends.push("closed"));
  setTimeout(end, 50);
  expect(await response).toBe('{"stringValue":"finished"}');
  ends.push("finished");
  await closed;
  expect(ends).toEqual(["finished", "closed"]);

  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<Code>();
  const short = await add(
    Fastify(),
    { graceMs: 50 },
    {
      async *list(_request, { signal }) {
        yield {};
        await new Promise<void>((done) => signal.addEventListener("abort", () => done()));
        cancel(RpcError.from(signal.reason).code);
      },
    },
  );
  const shortUrl = await listen(short);
  const socket = socketOf(shortUrl, "/v1/list");
  const stream = await fetch(`${shortUrl}/v1/list`);
  const text = stream.text().catch(() => "cut off");
  await short.close();
  await text;
  expect(await cancelled).toBe(Code.CANCELLED);
  expect(await socket).toMatchObject({ code: 4000 + Code.UNAVAILABLE, reason: "the gateway is shutting down" });
});

test("bodies have the limits of the gateway, and an upload that is cut off cancels its call", async () => {
  const ends: (string | undefined)[] = [];
  const app = await add(
    Fastify({ bodyLimit: 10 }),
    { bodyLimit: 3_000_000 },
    {
      async sum(requests) {
        let count = 0;
        try {
          for await (const _ of requests) count++;
        } catch (error) {
          ends.push(Code[RpcError.from(error).code]);
        }
        return { int32Value: count };
      },
    },
  );
  const url = await listen(app);
  const headers = { "content-type": "application/json" };
  const post = (length: number) =>
    fetch(`${url}/v1/things`, { method: "POST", headers, body: JSON.stringify({ stringValue: "x".repeat(length) }) });
  expect(await (await post(2_000_000)).json()).toMatchObject({ stringValue: expect.stringMatching(/^x{2000000}$/) });
  expect((await post(3_000_000)).status).toBe(413);
  const upload = httpRequest(`${url}/v1/sum`, { method: "POST", headers: { "content-type": "application/x-ndjson" } }).on(
    "error",
    () => {},
  );
  upload.write("{}\n{}\n");
  setTimeout(() => upload.destroy(), 50);
  await vi.waitUntil(() => ends.length === 1);
  expect(ends).toEqual(["CANCELLED"]);
});

test("a client that leaves cancels its call", async () => {
  const { promise, resolve } = Promise.withResolvers<Code>();
  const app = await add(
    Fastify(),
    {},
    {
      async *list(_request, { signal }) {
        signal.addEventListener("abort", () => resolve(RpcError.from(signal.reason).code));
        yield {};
        await new Promise<void>((done) => signal.addEventListener("abort", () => done()));
      },
    },
  );
  const controller = new AbortController();
  const { body } = await fetch(`${await listen(app)}/v1/list`, { signal: controller.signal });
  await body?.getReader().read();
  controller.abort();
  expect(await promise).toBe(Code.CANCELLED);
});

test("a prefix with parameters is a TypeError", async () => {
  const app = Fastify();
  const upstream = createServer().channel();
  await expect(app.register(fastifyGateway, { prefix: "/:tenant", services: [Things], upstream })).rejects.toThrow(
    "the prefix of a gateway must be without parameters, got /:tenant",
  );
});
