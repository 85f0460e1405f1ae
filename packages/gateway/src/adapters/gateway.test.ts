// The gateway in servers of one's own: a server of node:http with `listener` and `upgrade`, and `fetch`.
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { Code, createServer, type Handlers, implement, RpcError } from "@grpc-study/rpc";
import { Hono } from "hono";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { Calls, callsServer } from "../../test/calls.ts";
import { Things } from "../../test/gen/things_pb.js";
import { createGateway } from "../gateway.ts";
import type { GatewayServerOptions } from "../options.ts";

const handlers: Handlers<typeof Things> = {
  get: ({ stringValue }, { metadata }) => ({ stringValue, repeatedValue: [...metadata.getAll("x-forwarded-for")] }),
  async *talk(requests) {
    for await (const { int32Value } of requests) yield { int32Value };
  },
};

function make(options: Partial<GatewayServerOptions> = {}, more: Handlers<typeof Things> = {}) {
  const server = createServer({ onError: () => {} });
  server.add(implement(Things, { ...handlers, ...more }));
  const gateway = createGateway({ services: [Things], upstream: server.channel(), graceMs: 0, ...options });
  onTestFinished(async () => {
    await gateway.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  return gateway;
}

/** A server of one's own with the gateway. */
async function serve({ listener, upgrade }: ReturnType<typeof make>) {
  const server = createHttpServer(listener).on("upgrade", upgrade).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function open(port: number, path: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  socket.on("error", () => {});
  onTestFinished(() => socket.terminate());
  const frames: string[] = [];
  socket.on("message", (data) => frames.push(String(data)));
  const closed = new Promise<unknown>((resolve) => socket.on("close", (code, reason) => resolve({ code, reason: String(reason), frames })));
  return { socket, closed };
}

/** Sends a request, and returns all that comes back until the server closes the connection. */
async function raw(port: number, headers: readonly string[], path = "/v1/talk"): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.write(`${[`GET ${path} HTTP/1.1`, "Host: localhost", ...headers].join("\r\n")}\r\n\r\n`);
  let received = "";
  for await (const chunk of socket) received += chunk;
  return received;
}

const upgradeHeaders = ["Connection: Upgrade", "Upgrade: websocket"];
const key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
const version = "Sec-WebSocket-Version: 13";

test("a server of one's own has requests and WebSockets", async () => {
  const port = await serve(make());
  expect(await (await fetch(`http://127.0.0.1:${port}/v1/things/a`)).json()).toEqual({ stringValue: "a", repeatedValue: ["127.0.0.1"] });
  const { socket, closed } = open(port, "/v1/talk");
  await once(socket, "open");
  socket.send('{"int32Value":7}');
  socket.send("");
  expect(await closed).toEqual({ code: 1000, reason: "", frames: ['{"int32Value":7}'] });
});

test.each([
  ["a unary method", [...upgradeHeaders, key, version], "/v1/things/a", 400, "needs a streaming method"],
  ["an unknown path", [...upgradeHeaders, key, version], "/nothing", 404, "no route matches /nothing"],
  ["no key", [...upgradeHeaders, version], "/v1/talk", 400, 'sec-websocket-key must be 16 bytes in base64, got \\"\\"'],
  [
    "another version",
    [...upgradeHeaders, key, "Sec-WebSocket-Version: 8"],
    "/v1/talk",
    426,
    'sec-websocket-version must be 13, got \\"8\\"',
  ],
  ["no token", [...upgradeHeaders, key, version, "Sec-WebSocket-Protocol: bearer"], "/v1/talk", 400, "must be followed by a token"],
  ["another origin", [...upgradeHeaders, key, version, "Origin: https://evil.example"], "/v1/talk", 403, "may not open a WebSocket here"],
])("a handshake with %s gets an error in JSON", async (_name, headers, path, status, message) => {
  const received = await raw(await serve(make()), headers, path);
  expect(received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(received).toContain(message);
  expect(received).toMatch(/\r\ncontent-type: application\/json\r\n/);
  if (status === 426) expect(received).toMatch(/\r\nsec-websocket-version: 13\r\n/);
});

test("allowedHosts is checked for requests, WebSockets and fetch", async () => {
  const gateway = make({ allowedHosts: ["shop.example"] });
  const port = await serve(gateway);
  expect((await fetch(`http://127.0.0.1:${port}/v1/things/a`)).status).toBe(421);
  expect(await raw(port, [...upgradeHeaders, key, version])).toMatch(/^HTTP\/1\.1 421 /);
  expect((await gateway.fetch("http://evil.example/v1/things/a")).status).toBe(421);
  expect((await gateway.fetch("http://shop.example/v1/things/a")).status).toBe(200);
});

test("close lets the calls of WebSockets finish within graceMs, and rejects further handshakes", async () => {
  const gateway = make({ graceMs: 10_000 });
  const port = await serve(gateway);
  const { socket, closed } = open(port, "/v1/talk");
  await once(socket, "open");
  let done = false;
  const closing = gateway.close().then(() => {
    done = true;
  });
  expect(await raw(port, [...upgradeHeaders, key, version])).toMatch(/^HTTP\/1\.1 503 /);
  socket.send('{"int32Value":1}');
  await once(socket, "message");
  expect(done).toBe(false);
  socket.send("");
  expect(await closed).toEqual({ code: 1000, reason: "", frames: ['{"int32Value":1}'] });
  await closing;
});

test("fetch: a call by Hono, with all that it needs", async () => {
  const gateway = make();
  const app = new Hono().mount("/api", gateway.fetch).all("*", ({ req }) => gateway.fetch(req.raw));
  const json = async (path: string) => (await app.request(path)).json();
  expect(await json("/api/v1/things/a%2Fb")).toEqual({ stringValue: "a/b", repeatedValue: ["unknown"] });
  expect(await json("/v1/things/b")).toEqual({ stringValue: "b", repeatedValue: ["unknown"] });
  expect(await json("/nothing")).toMatchObject({ code: Code.NOT_FOUND });
});

test("fetch: cancelling the body of a stream cancels its call, and a reader that waits stops it", async () => {
  let sent = 0;
  const { promise, resolve } = Promise.withResolvers<Code>();
  const gateway = make(
    {},
    {
      async *list(_request, { signal }) {
        signal.addEventListener("abort", () => resolve(RpcError.from(signal.reason).code));
        for (; !signal.aborted; sent++) yield { stringValue: "x".repeat(10_000) };
      },
    },
  );
  const { body } = await gateway.fetch("/v1/list", { headers: { accept: "application/x-ndjson" } });
  const reader = body?.getReader();
  await reader?.read();
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((turn) => setTimeout(turn, 50));
  }
  expect(sent).toBeLessThan(200);
  await reader?.cancel();
  expect(await promise).toBe(Code.CANCELLED);
});

test.each([
  ["Connect", createConnectTransport],
  ["gRPC-Web", createGrpcWebTransport],
])("fetch is that of a client of connect-web: %s", async (_name, createTransport) => {
  const { implementation } = callsServer();
  const server = createServer({ onError: () => {} });
  server.add(implementation);
  const gateway = createGateway({ services: [Calls], upstream: server.channel(), graceMs: 0 });
  onTestFinished(async () => {
    await gateway.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  const client = createClient(Calls, createTransport({ baseUrl: "http://localhost", fetch: gateway.fetch }));
  expect((await client.echo({ text: "hello" })).text).toBe("hello");
  expect(await Array.fromAsync(client.repeat({ count: 3 }), ({ count }) => count)).toEqual([1, 2, 3]);
  await expect(client.echo({ text: "wrong", code: 5 })).rejects.toMatchObject({ code: Code.NOT_FOUND });
});
