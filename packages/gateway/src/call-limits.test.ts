// Limits on concurrent calls: calls never wait for a stream slot, and each client address has a
// limit.
import { once } from "node:events";
import { type ClientHttp2Stream, connect as connectHttp2 } from "node:http2";
import { createChannel, createServer, implement, RpcError } from "@grpc-study/rpc";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { Things } from "../test/gen/things_pb.js";
import { CallLimits } from "./call-limits.ts";
import { createGateway } from "./gateway.ts";
import type { GatewayOptions, GatewayServerOptions } from "./options.ts";

/** Starts a server that allows ten streams for each connection, and a gateway. */
async function start(options: Partial<GatewayServerOptions> = {}, upstream: (address: string) => Partial<GatewayOptions> = () => ({})) {
  let running = 0;
  const server = createServer({ onError: () => {}, limits: { maxConcurrentStreams: 10 } });
  server.add(
    implement(Things, {
      get: (thing) => thing,
      async *list(_request, { signal }) {
        yield {};
        running++;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        running--;
        throw RpcError.from(signal.reason);
      },
    }),
  );
  const { address } = await server.listen("127.0.0.1:0");
  const given = { upstream: address, ...upstream(address) };
  const app = createGateway({ services: [Things], graceMs: 0, callsPerConnection: 10, ...given, ...options });
  onTestFinished(async () => {
    await app.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  const { url } = await app.listen("127.0.0.1:0");
  /** Opens streams on a new connection. */
  const openStreams = (count: number): ClientHttp2Stream[] => {
    const session = connectHttp2(url).on("error", () => {});
    onTestFinished(() => session.destroy());
    return Array.from({ length: count }, () =>
      session
        .request({ ":path": "/v1/list" })
        .on("error", () => {})
        .resume(),
    );
  };
  const get = async () => {
    const response = await fetch(`${url}/v1/things/a`);
    return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.json() };
  };
  return { url, openStreams, get, running: () => running };
}

const ok = { status: 200, body: { stringValue: "a" } };

describe("connections to the upstream", () => {
  test("open as the calls need them", async () => {
    const { openStreams, get, running } = await start();
    for (let clients = 0; clients < 10; clients++) openStreams(30);
    await vi.waitUntil(() => running() === 300, 20_000);
    expect(await get()).toMatchObject(ok);
  });

  test("open through the connect option if the upstream is a channel", async () => {
    let made = 0;
    const connect = (address: string) => () => {
      made++;
      return createChannel(address, { pool: false });
    };
    const { openStreams, get, running } = await start({}, (address) => ({ upstream: createChannel(address), connect: connect(address) }));
    const streams = openStreams(25);
    await vi.waitUntil(() => running() === 25, 20_000);
    expect(await get()).toMatchObject(ok);
    expect(made).toBe(2);
    // The existing connections have capacity again.
    for (const stream of streams) stream.close();
    await vi.waitUntil(() => running() === 0);
    openStreams(25);
    await vi.waitUntil(() => running() === 25, 20_000);
    expect(made).toBe(2);
  });
});

describe("concurrent calls", () => {
  test("beyond the limit fail at once with 503 until others end", async () => {
    const { openStreams, get, running } = await start({ maxCalls: 20, maxCallsPerAddress: 20 });
    const streams = openStreams(20);
    await vi.waitUntil(() => running() === 20, 20_000);
    expect(await get()).toMatchObject({
      status: 503,
      retryAfter: "1",
      body: { code: 14, message: "the gateway has 20 calls in flight, which is its limit" },
    });
    streams[0]?.close();
    await vi.waitUntil(() => running() === 19);
    expect(await get()).toMatchObject(ok);
  });

  test("of one client address are limited; trusted proxies determine the address", async () => {
    const { openStreams, url, running } = await start({ maxCalls: 20, trustProxy: "127.0.0.1" });
    openStreams(10);
    await vi.waitUntil(() => running() === 10, 20_000);
    const ask = async (from?: string) => {
      const response = await fetch(`${url}/v1/things/a`, { headers: from === undefined ? {} : { "x-forwarded-for": from } });
      return [response.status, response.headers.get("retry-after")];
    };
    expect(await ask()).toEqual([429, "1"]);
    expect(await ask("10.0.0.1")).toEqual([200, null]);
  });

  test("include calls over WebSocket", async () => {
    const { url, openStreams, running } = await start({ maxCalls: 2, maxCallsPerAddress: 2 });
    const open = () => {
      const socket = new WebSocket(`${url.replace("http", "ws")}/v1/list`);
      onTestFinished(() => socket.terminate());
      return socket;
    };
    const first = open();
    await once(first, "message");
    openStreams(1);
    await vi.waitUntil(() => running() === 2);
    const [code] = await once(open(), "close");
    expect(code).toBe(4014);
    first.close();
    await vi.waitUntil(() => running() === 1);
    await once(open(), "message");
  });

  test("are released however they end", async () => {
    const { url, openStreams, get, running } = await start({ maxCalls: 3, maxCallsPerAddress: 3 });
    for (let round = 0; round < 5; round++) {
      expect(await get()).toMatchObject(ok);
      expect((await fetch(`${url}/v1/things/a`, { headers: { "grpc-timeout": "0S" } })).status).toBe(504);
      expect((await fetch(`${url}/v1/things/a`, { headers: { "grpc-timeout": "soon" } })).status).toBe(400);
      expect((await fetch(`${url}/v1/list`, { method: "HEAD" })).status).toBe(200);
      const streams = openStreams(3);
      await vi.waitUntil(() => running() === 3);
      if (round % 2 === 0) for (const stream of streams) stream.close();
      else streams[0]?.session?.destroy();
      await vi.waitUntil(() => running() === 0);
    }
  });
});

test.each([
  ["10.0.0.1", "10.0.0.1", true],
  ["10.0.0.1", "10.0.0.2", false],
  ["2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true],
  ["2001:db8::1", "2001:db8:0:0:1::", true],
  ["2001:db8:1:2::1", "2001:db8:1:3::1", false],
  ["::1", "::2", true],
  ["fe80::1%eth0", "fe80::2%eth0", true],
  ["::ffff:10.0.0.1", "::ffff:10.0.0.2", false],
])("%s and %s count as one client: %s", (one, other, same) => {
  const limits = new CallLimits({ maxCalls: 10, maxCallsPerAddress: 1 });
  const client = limits.begin(one);
  const begin = () => limits.end(limits.begin(other));
  if (same) expect(begin).toThrow("your address has 1 calls in flight");
  else expect(begin).not.toThrow();
  limits.end(client);
  expect(begin).not.toThrow();
});
