// Streams over WebSocket: frames both ways, half-close, close codes, origins, backpressure, and callers that leave.
import { setTimeout as delay } from "node:timers/promises";
import { Code, type Handlers, implement, RpcError } from "@grpc-study/rpc";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { startGateway, type Way, ways } from "../../test/gateway.ts";
import { Things } from "../../test/gen/things_pb.js";
import type { GatewayOptions } from "../options.ts";

const handlers: Handlers<typeof Things> = {
  async *list({ count, fail }) {
    for (let index = 0; index < count; index++) yield { int32Value: index };
    if (fail !== 0) throw new RpcError(fail, "坏".repeat(100));
  },
  async sum(requests) {
    let sum = 0;
    for await (const { int32Value } of requests) sum += int32Value;
    return { int32Value: sum };
  },
  async *talk(requests) {
    for await (const { int32Value, stringValue } of requests) yield { int32Value: int32Value * 2, stringValue };
  },
  async *download() {
    yield { data: new Uint8Array([1, 2]) };
  },
};

async function start(way: Way, options: Partial<GatewayOptions> = {}, more: Handlers<typeof Things> = {}) {
  const { url } = await startGateway(implement(Things, { ...handlers, ...more }), { way, graceMs: 0, ...options });
  const open = (path: string, clientOptions: ClientOptions = {}) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}${path}`, clientOptions);
    onTestFinished(() => socket.terminate());
    const frames: unknown[] = [];
    socket.on("message", (data, binary) => frames.push(binary ? data : String(data)));
    socket.on("error", () => {});
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
    });
    const opened = new Promise<void>((resolve) => socket.once("open", resolve));
    const refused = new Promise<number | undefined>((resolve) =>
      socket.once("unexpected-response", (_request, { statusCode }) => resolve(statusCode)),
    );
    return { socket, frames, closed, opened, refused };
  };
  return { url, open };
}

const next = (socket: WebSocket) => new Promise<string>((resolve) => socket.once("message", (data) => resolve(String(data))));

describe.each(ways)("%s", (way) => {
  test("both ways: a frame a message, in turns; an empty one is the half-close", async () => {
    const { open } = await start(way);
    const { socket, opened, closed } = open("/v1/talk/a?int32_value=9");
    await opened;
    for (const number of [1, 2, 3]) {
      socket.send(JSON.stringify({ int32Value: number }));
      expect(await next(socket)).toBe(`{"int32Value":${number * 2},"stringValue":"a"}`);
    }
    socket.send("");
    expect(await closed).toEqual({ code: 1000, reason: "" });
  });

  test("a server stream: its responses, and the end", async () => {
    const { open } = await start(way);
    const { frames, closed } = open("/v1/list?count=3");
    expect((await closed).code).toBe(1000);
    expect(frames).toEqual(["{}", '{"int32Value":1}', '{"int32Value":2}']);
    const bytes = open("/v1/download");
    await bytes.closed;
    expect(bytes.frames).toEqual([Buffer.from([1, 2])]);
  });

  test("a client stream: one response after the half-close", async () => {
    const { open } = await start(way);
    const { socket, opened, frames, closed } = open("/v1/sum");
    await opened;
    for (const number of [1, 2, 3]) socket.send(`{"int32_value":${number}}`);
    socket.send("");
    expect((await closed).code).toBe(1000);
    expect(frames).toEqual(['{"int32Value":6}']);
  });

  test("an error closes with 4000 and its code, and as much of its message as fits", async () => {
    const { open } = await start(way);
    const { code, reason } = await open("/v1/list?count=1&fail=5").closed;
    expect(code).toBe(4005);
    expect(reason).toMatch(/^坏+…$/);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });

  test("a frame that is no message, or no text, ends the call", async () => {
    const { open } = await start(way);
    const wrong = open("/v1/talk/a");
    await wrong.opened;
    wrong.socket.send('{"int32Value":"x"}');
    expect(await wrong.closed).toEqual({ code: 4003, reason: 'int32_value: "x" is not an int32' });
    const binary = open("/v1/talk/a");
    await binary.opened;
    binary.socket.send(Buffer.from("{}"));
    expect((await binary.closed).code).toBe(4003);
  });

  // The second is more than buffers hold: the close comes while it is still being sent.
  test.each([200, 20_000_000])("a frame that is too long, of %i bytes, closes with 1009", async (length) => {
    const { open } = await start(way, { bodyLimit: 100 });
    const { socket, opened, closed } = open("/v1/talk/a");
    await opened;
    socket.send(`"${"x".repeat(length)}"`);
    expect((await closed).code).toBe(1009);
  });

  test("what is no stream refuses the handshake", async () => {
    const { open } = await start(way);
    expect(await open("/v1/nothing").refused).toBe(404);
    expect(await open("/v1/query").refused).toBe(400);
  });

  test("pages of other origins are refused, unless they are allowed", async () => {
    const { open, url } = await start(way);
    expect(await open("/v1/list", { origin: "https://evil.example" }).refused).toBe(403);
    expect(await open("/v1/list", { origin: "null" }).refused).toBe(403);
    expect((await open("/v1/list", { origin: url }).closed).code).toBe(1000);
    const friendly = await start(way, { allowedOrigins: ["https://shop.example"] });
    expect((await friendly.open("/v1/list", { origin: "https://shop.example" }).closed).code).toBe(1000);
    expect(await friendly.open("/v1/list", { origin: "https://evil.example" }).refused).toBe(403);
    const open2 = await start(way, { allowedOrigins: ["*"] });
    expect((await open2.open("/v1/list", { origin: "https://evil.example" }).closed).code).toBe(1000);
  });

  test("headers of the handshake are metadata", async () => {
    const { open } = await start(
      way,
      {},
      {
        async *list(_request, { metadata }) {
          yield { repeatedValue: [...metadata.get("authorization"), ...metadata.get("a")].map(String) };
        },
      },
    );
    const { frames, closed } = open("/v1/list", { headers: { authorization: "Bearer x", "grpc-metadata-a": "1" } });
    await closed;
    expect(frames).toEqual(['{"repeatedValue":["Bearer x","1"]}']);
  });

  test.each(["close", "terminate"] as const)("a caller that leaves (%s) cancels the call at once", async (how) => {
    const { promise, resolve } = Promise.withResolvers<Code>();
    const { open } = await start(
      way,
      {},
      {
        async *talk(requests, { signal }) {
          signal.addEventListener("abort", () => resolve(RpcError.from(signal.reason).code));
          yield {};
          for await (const _ of requests);
        },
      },
    );
    const { socket, opened } = open("/v1/talk");
    const first = next(socket);
    await opened;
    await first;
    const left = Date.now();
    socket[how]();
    expect(await promise).toBe(Code.CANCELLED);
    expect(Date.now() - left).toBeLessThan(1000);
  });

  test("a caller that does not read is sent no more than buffers hold", async () => {
    let sent = 0;
    const { open } = await start(
      way,
      {},
      {
        async *list(_request, { signal }) {
          while (!signal.aborted) {
            yield { stringValue: "x".repeat(100_000) };
            sent++;
          }
        },
      },
    );
    const { socket, opened } = open("/v1/list");
    await opened;
    socket.pause();
    let before = -1;
    while (before !== sent) {
      before = sent;
      await delay(200);
    }
    expect(before).toBeLessThan(1000);
    socket.resume();
    await vi.waitUntil(() => sent > before, { timeout: 60_000 });
  });

  test("a handler that does not read takes no more than buffers hold", async () => {
    const { open } = await start(
      way,
      {},
      { sum: (_requests, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", reject)) },
    );
    const { socket, opened } = open("/v1/sum");
    await opened;
    const frame = JSON.stringify({ stringValue: "x".repeat(100_000) });
    for (let count = 0; count < 1000; count++) socket.send(frame);
    let before = -1;
    while (before !== socket.bufferedAmount) {
      before = socket.bufferedAmount;
      await delay(200);
    }
    expect(before).toBeGreaterThan(30_000_000);
  });

  test("closing the gateway ends the calls of its sockets, and says so", async () => {
    const { app, url } = await startGateway(implement(Things, handlers), { way, graceMs: 0 });
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/talk/a`);
    const closed = new Promise((resolve) => socket.once("close", (code, reason) => resolve({ code, reason: String(reason) })));
    await new Promise((resolve) => socket.once("open", resolve));
    await app.close();
    expect(await closed).toEqual({ code: 4000 + Code.UNAVAILABLE, reason: "the gateway is shutting down" });
  });

  test("closing the gateway gives a socket's call the time that others have", async () => {
    const { app, url } = await startGateway(implement(Things, handlers), { way, graceMs: 5000 });
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/talk/a`);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await new Promise((resolve) => socket.once("open", resolve));
    const end = app.close();
    socket.send('{"int32Value":1}');
    expect(await next(socket)).toBe('{"int32Value":2,"stringValue":"a"}');
    socket.send("");
    expect(await closed).toBe(1000);
    await end;
  });
});
