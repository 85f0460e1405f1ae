// The limits of connections.
import { once } from "node:events";
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { Code, createServer, implement, RpcError } from "@grpc-study/rpc";
import { expect, onTestFinished, test } from "vitest";
import { Things } from "../../test/gen/things_pb.js";
import { createGateway } from "../gateway.ts";
import type { GatewayServerOptions } from "../options.ts";

/** Starts a gateway. `/v1/things/wait` only ends when its call is cancelled. */
async function start(options: Partial<GatewayServerOptions>) {
  const called = Promise.withResolvers<void>();
  const server = createServer();
  server.add(
    implement(Things, {
      get: (thing, { signal }) => {
        if (thing.stringValue !== "wait") return thing;
        called.resolve();
        return new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(RpcError.from(signal.reason))));
      },
    }),
  );
  const app = createGateway({ services: [Things], upstream: server.channel(), graceMs: 0, ...options });
  onTestFinished(async () => {
    await app.close();
    await server.shutdown({ graceMs: 0 });
  });
  const { url } = await app.listen("127.0.0.1:0");
  return { app, url, port: Number(new URL(url).port), called: called.promise };
}

test("closes connections above the limit; a closed one frees its place", async () => {
  const { url, port } = await start({ limits: { maxConnections: 1 } });
  const first = connect(port, "127.0.0.1");
  await once(first, "connect");
  const second = connect(port, "127.0.0.1").resume();
  await once(second, "close");
  first.destroy();
  await expect.poll(async () => (await fetch(`${url}/v1/things/a`).catch(() => undefined))?.status).toBe(200);
});

test("announces maxConcurrentStreams to HTTP/2 clients", async () => {
  const { url } = await start({ limits: { maxConcurrentStreams: 1 } });
  const session = connectHttp2(url);
  onTestFinished(() => session.destroy());
  await once(session, "remoteSettings");
  expect(session.remoteSettings.maxConcurrentStreams).toBe(1);
});

test("fails with 431 if the URL and headers exceed maxHeaderBytes", async () => {
  const { url } = await start({ limits: { maxHeaderBytes: 2000 } });
  expect((await fetch(`${url}/v1/things/${"a".repeat(1000)}`)).status).toBe(200);
  const rejected = await fetch(`${url}/v1/things/${"a".repeat(3000)}`);
  expect([rejected.status, await rejected.json()]).toMatchObject([431, { code: Code.RESOURCE_EXHAUSTED, details: [] }]);
  expect((await fetch(`${url}/v1/things/a`, { headers: { "x-long": "a".repeat(3000) } })).status).toBe(431);
});

test("malformed HTTP fails with 400 and a google.rpc.Status", async () => {
  const { port } = await start({});
  const socket = connect(port, "127.0.0.1", () => socket.write("hello\r\n\r\n"));
  const response = Buffer.concat(await Array.fromAsync(socket)).toString();
  expect(response).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
  expect(JSON.parse(response.split("\r\n\r\n")[1] ?? "")).toEqual({
    code: Code.INVALID_ARGUMENT,
    message: "malformed HTTP request",
    details: [],
  });
});

test("close() gives calls in flight the grace period", async () => {
  const { app, url, called } = await start({ graceMs: 300 });
  const responded = once(request(`${url}/v1/things/wait`).end(), "response");
  await called;
  const begin = performance.now();
  const [[response]] = await Promise.all([responded, app.close()]);
  expect(response.statusCode).toBe(503);
  expect(performance.now() - begin).toBeGreaterThan(290);
  response.resume();
});
