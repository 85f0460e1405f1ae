// The access log: one line for each request, however it ends.
import { once } from "node:events";
import { request } from "node:http";
import { connect, constants } from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createServer, implement } from "@grpc-study/rpc";
import { pino } from "pino";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { Things } from "../../test/gen/things_pb.js";
import { createGateway } from "../gateway.ts";

/** Leaves the time limit to the test. */
const waiting = { timeout: 60_000 };

let lines: Record<string, unknown>[];
let url: string;
/** Number of started calls that only end by cancellation. */
let running: number;
/** Number of those that were cancelled. */
let cancelled: number;

beforeEach(async () => {
  lines = [];
  running = 0;
  cancelled = 0;
  const server = createServer();
  const aborted = (signal: AbortSignal) =>
    new Promise<never>((_resolve, reject) =>
      signal.addEventListener("abort", () => {
        cancelled++;
        reject(signal.reason);
      }),
    );
  server.add(
    implement(Things, {
      get: (thing, { signal }) => {
        if (thing.stringValue !== "wait") return thing;
        running++;
        return aborted(signal);
      },
      async *list(_request, { signal }) {
        yield {};
        running++;
        await aborted(signal);
      },
    }),
  );
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const app = createGateway({ services: [Things], upstream: server.channel(), logger, graceMs: 0 });
  onTestFinished(async () => {
    await app.close();
    await server.shutdown({ graceMs: 0 });
  });
  ({ url } = await app.listen("127.0.0.1:0"));
});

/** Waits for the log line of the request, and checks that no other follows. */
async function line(): Promise<Record<string, unknown>> {
  const entries = () => lines.filter(({ msg }) => msg === "request");
  await vi.waitUntil(() => entries().length > 0, waiting);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(entries()).toHaveLength(1);
  return entries()[0] ?? {};
}

test("the log and the response have the same request id", async () => {
  const response = await fetch(`${url}/v1/none`);
  expect((await line()).reqId).toBe(response.headers.get("x-request-id") ?? "no header");
});

test("logs a response", async () => {
  await (await fetch(`${url}/v1/things/a?int32_value=1`)).text();
  expect(await line()).toEqual({
    level: 30,
    reqId: expect.any(String),
    method: "GET",
    path: "/v1/things/a",
    protocol: "rest",
    status: 200,
    grpc: "OK",
    durationMs: expect.any(Number),
    peer: "127.0.0.1",
    msg: "request",
  });
});

test("logs an invalid request", async () => {
  await (await fetch(`${url}/v1/things/a?int32_value=b`)).text();
  expect(await line()).toMatchObject({ path: "/v1/things/a", status: 400, grpc: "INVALID_ARGUMENT" });
});

test("logs a path that is not UTF-8", async () => {
  await (await fetch(`${url}/v1/%ff`)).text();
  expect(await line()).toMatchObject({ path: "/v1/%ff", status: 400, grpc: "INVALID_ARGUMENT", peer: "127.0.0.1" });
});

test("logs 499 for a client that aborts before the response", async () => {
  const aborting = request(`${url}/v1/things/wait`).end();
  aborting.on("error", () => {});
  await vi.waitUntil(() => running > 0, waiting);
  aborting.destroy();
  expect(await line()).toMatchObject({ status: 499, grpc: "CANCELLED", peer: "127.0.0.1" });
});

test("logs a client that aborts a stream", async () => {
  const controller = new AbortController();
  const response = await fetch(`${url}/v1/list`, { signal: controller.signal });
  await vi.waitUntil(() => running > 0, waiting);
  controller.abort();
  await response.text().catch(() => {});
  expect(await line()).toMatchObject({ path: "/v1/list", status: 200, grpc: "CANCELLED" });
});

test.each([
  ["before the response", "/v1/things/wait", 499],
  ["in the middle of a stream", "/v1/list", 200],
])("logs an HTTP/2 client that aborts %s, and cancels the call", async (_, path, status) => {
  const session = connect(url);
  const stream = session.request({ ":path": path });
  stream.on("error", () => {});
  await vi.waitUntil(() => running > 0, waiting);
  if (status === 200) await once(stream, "data");
  stream.close(constants.NGHTTP2_CANCEL);
  expect(await line()).toMatchObject({ path, status, grpc: "CANCELLED", peer: "127.0.0.1" });
  await vi.waitUntil(() => cancelled > 0, waiting);
  session.destroy();
});

test("logs a response over HTTP/2", async () => {
  const session = connect(url);
  const stream = session.request({ ":path": "/v1/things/a" }).resume();
  await once(stream, "end");
  session.destroy();
  expect(await line()).toMatchObject({ status: 200, grpc: "OK" });
});

test("logs a WebSocket when it closes", async () => {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/list`);
  await once(socket, "message");
  socket.close();
  expect(await line()).toMatchObject({ method: "WEBSOCKET", path: "/v1/list", grpc: "CANCELLED", peer: "127.0.0.1" });
});

test("logs a rejected WebSocket", async () => {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/list`, { origin: "http://elsewhere.example" });
  await once(socket, "error");
  expect(await line()).toMatchObject({ method: "GET", path: "/v1/list", status: 403, grpc: "PERMISSION_DENIED" });
});

test("logs no error for a WebSocket frame that is too large", async () => {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/list`);
  await once(socket, "message");
  socket.send("x".repeat(5 * 1024 * 1024));
  const [code] = await once(socket, "close");
  expect(code).toBe(1009);
  expect(await line()).toMatchObject({ method: "WEBSOCKET", grpc: "CANCELLED" });
  expect(lines.filter(({ level }) => level !== 30)).toEqual([]);
});

test("the longest grace period lets a request finish", async () => {
  const { promise, resolve } = Promise.withResolvers<object>();
  const began = vi.fn(() => promise);
  const server = createServer();
  server.add(implement(Things, { get: began }));
  const gateway = createGateway({ services: [Things], upstream: server.channel(), graceMs: 2 ** 31 - 1 });
  const { url } = await gateway.listen("127.0.0.1:0");
  const response = fetch(`${url}/v1/things/x`);
  await vi.waitUntil(() => began.mock.calls.length > 0, waiting);
  const timers = vi.spyOn(globalThis, "setTimeout");
  const closed = gateway.close();
  await nextTurn();
  for (const [, delay] of timers.mock.calls) expect(delay ?? 0).toBeLessThan(2 ** 31);
  timers.mockRestore();
  resolve({});
  expect((await response).status).toBe(200);
  await closed;
  await server.shutdown({ graceMs: 0 });
});
