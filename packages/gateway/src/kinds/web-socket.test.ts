// Streams over WebSocket: frames in both directions, half-close, close codes, origins, backpressure
// and cancellation.
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Code, codeFrom, type Handlers, implement, RpcError } from "@grpc-study/rpc";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { startGateway, type Transport, transports } from "../../test/gateway.ts";
import { Things } from "../../test/gen/things_pb.js";
import type { GatewayOptions } from "../options.ts";

const handlers: Handlers<typeof Things> = {
  async *list({ count, fail, delayMs }, { signal }) {
    if (delayMs > 0) await delay(delayMs, undefined, { signal });
    for (let index = 0; index < count; index++) yield { int32Value: index };
    if (fail !== 0) throw new RpcError(codeFrom(fail), "坏".repeat(100));
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
  async upload(requests) {
    const parts = await Array.fromAsync(requests, ({ name, file }) => `${name} ${file?.contentType} ${Buffer.from(file?.data ?? [])}`);
    return { repeatedValue: parts };
  },
};

async function start(transport: Transport, options: Partial<GatewayOptions> = {}, more: Handlers<typeof Things> = {}) {
  const { url, port } = await startGateway(implement(Things, { ...handlers, ...more }), { transport, graceMs: 0, ...options });
  const open = (path: string, { protocols = [], ...clientOptions }: ClientOptions & { protocols?: string[] } = {}) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}${path}`, protocols, clientOptions);
    onTestFinished(() => socket.terminate());
    const frames: unknown[] = [];
    socket.on("message", (data, binary) => frames.push(binary ? data : String(data)));
    socket.on("error", () => {});
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
    });
    const opened = new Promise<void>((resolve) => socket.once("open", resolve));
    const rejected = new Promise<number | undefined>((resolve) =>
      socket.once("unexpected-response", (_request, { statusCode }) => resolve(statusCode)),
    );
    return { socket, frames, closed, opened, rejected };
  };
  return { url, port, open };
}

/** A handler that sends one response and then waits until its call is cancelled. */
function waiting() {
  const { promise, resolve } = Promise.withResolvers<Code>();
  const list: Handlers<typeof Things>["list"] = async function* (_request, { signal }) {
    yield {};
    await new Promise<void>((end) => signal.addEventListener("abort", () => end()));
    resolve(RpcError.from(signal.reason).code);
  };
  return { list, aborted: promise };
}

/**
 * A WebSocket without a client library: `socket` takes frames after the handshake, `received` is
 * what has arrived.
 */
function rawWebSocket(port: number, path: string) {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  let received = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  });
  return { socket, received: () => received.toString("latin1") };
}

/** The header of a client's frame, with a zero mask. */
const frameHeader = (first: number, length: number) =>
  length < 126 ? Buffer.of(first, 0x80 | length, 0, 0, 0, 0) : Buffer.of(first, 0xfe, length >> 8, length & 255, 0, 0, 0, 0);
const [textFrame, continuation, pingFrame] = [0x81, 0x80, 0x89];
/** A text frame that begins a fragmented message. */
const firstFragment = 0x01;

const next = (socket: WebSocket) => new Promise<string>((resolve) => socket.once("message", (data) => resolve(String(data))));

describe.each(transports)("%s", (transport) => {
  test("bidirectional: one frame for each message, in turns; an empty one is the half-close", async () => {
    const { open } = await start(transport);
    const { socket, opened, closed } = open("/v1/talk/a?int32_value=9");
    await opened;
    for (const number of [1, 2, 3]) {
      socket.send(JSON.stringify({ int32Value: number }));
      expect(await next(socket)).toBe(`{"int32Value":${number * 2},"stringValue":"a"}`);
    }
    socket.send("");
    expect(await closed).toEqual({ code: 1000, reason: "" });
  });

  test("server streaming: the responses, then a close", async () => {
    const { open } = await start(transport);
    const { frames, closed } = open("/v1/list?count=3");
    expect((await closed).code).toBe(1000);
    expect(frames).toEqual(["{}", '{"int32Value":1}', '{"int32Value":2}']);
    const bytes = open("/v1/download");
    await bytes.closed;
    expect(bytes.frames).toEqual([Buffer.from([1, 2])]);
  });

  test("client streaming: one response after the half-close", async () => {
    const { open } = await start(transport);
    const { socket, opened, frames, closed } = open("/v1/sum");
    await opened;
    for (const number of [1, 2, 3]) socket.send(`{"int32_value":${number}}`);
    socket.send("");
    expect((await closed).code).toBe(1000);
    expect(frames).toEqual(['{"int32Value":6}']);
  });

  test("an error closes with 4000 + its code, and a truncated message", async () => {
    const { open } = await start(transport);
    const { code, reason } = await open("/v1/list?count=1&fail=5").closed;
    expect(code).toBe(4005);
    expect(reason).toMatch(/^坏+…$/);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });

  test("an invalid message or a binary frame fails the call", async () => {
    const { open } = await start(transport);
    const wrong = open("/v1/talk/a");
    await wrong.opened;
    wrong.socket.send('{"int32Value":"x"}');
    expect(await wrong.closed).toEqual({ code: 4003, reason: 'int32_value: "x" is not an int32' });
    const binary = open("/v1/talk/a");
    await binary.opened;
    binary.socket.send(Buffer.from("{}"));
    expect((await binary.closed).code).toBe(4003);
  });

  // The larger frame exceeds all buffers, so the close arrives while it is being sent.
  test.each([200, 20_000_000])("a frame of %i bytes, above the limit, closes with 1009", async (length) => {
    const { open } = await start(transport, { bodyLimit: 100 });
    const { socket, opened, closed } = open("/v1/talk/a");
    await opened;
    socket.send(`"${"x".repeat(length)}"`);
    expect((await closed).code).toBe(1009);
  });

  const strays: Readonly<Record<string, (socket: WebSocket) => void>> = {
    text: (socket) => socket.send("{}"),
    "text that is not JSON": (socket) => socket.send("ping"),
    "a half-close": (socket) => socket.send(""),
    bytes: (socket) => socket.send(Buffer.from([1, 2, 3])),
    "an empty binary frame": (socket) => socket.send(Buffer.alloc(0)),
    "a ping": (socket) => socket.ping("x"),
    "an unsolicited pong": (socket) => socket.pong("x"),
    "fragments of a message": (socket) => {
      socket.send("{", { fin: false });
      socket.send("}", { fin: true });
    },
    "more than a window of frames": (socket) => {
      for (let count = 0; count < 10; count++) socket.send("x".repeat(20_000));
    },
  };

  test.each(Object.entries(strays))("a server stream ignores further frames (%s), and ends when the client closes", async (_, send) => {
    const { list, aborted } = waiting();
    const { open } = await start(transport, {}, { list });
    const { socket, closed } = open("/v1/list");
    await next(socket);
    send(socket);
    // The pong follows all frames before it.
    const pong = new Promise((resolve) => socket.on("pong", (data) => String(data) === "after" && resolve(data)));
    socket.ping("after");
    await pong;
    expect(socket.readyState).toBe(socket.OPEN);
    socket.close(1000);
    expect(await aborted).toBe(Code.CANCELLED);
    expect(await closed).toEqual({ code: 1000, reason: "" });
  });

  test("frames after the half-close are ignored, and a close cancels the call", async () => {
    const { promise, resolve } = Promise.withResolvers<Code>();
    const { open } = await start(
      transport,
      {},
      {
        async *talk(requests, { signal }) {
          for await (const _ of requests) yield {};
          yield { stringValue: "all" };
          await new Promise<void>((end) => signal.addEventListener("abort", () => end()));
          resolve(RpcError.from(signal.reason).code);
        },
      },
    );
    const { socket, opened, frames } = open("/v1/talk/a");
    await opened;
    for (const frame of ["{}", "", "{}", "nonsense", "x".repeat(100_000)]) socket.send(frame);
    await vi.waitUntil(() => frames.length === 2);
    expect(frames).toEqual(["{}", '{"stringValue":"all"}']);
    socket.close();
    expect(await promise).toBe(Code.CANCELLED);
  });

  test("a close before the half-close fails the request stream", async () => {
    const ends: string[] = [];
    const { open } = await start(
      transport,
      {},
      {
        async sum(requests) {
          try {
            for await (const _ of requests);
            ends.push("complete");
          } catch (error) {
            ends.push(Code[RpcError.from(error).code] ?? "");
          }
          return {};
        },
      },
    );
    for (const leave of ["close", "terminate"] as const) {
      const { socket, opened } = open("/v1/sum");
      await opened;
      socket.send("{}");
      await delay(50);
      socket[leave]();
    }
    await vi.waitUntil(() => ends.length === 2);
    expect(ends).toEqual(["CANCELLED", "CANCELLED"]);
  });

  test.each([
    ["a frame header", [Buffer.of(textFrame)]],
    ["a frame", [frameHeader(textFrame, 2), Buffer.from("{")]],
    ["a long frame", [frameHeader(textFrame, 1000), Buffer.from("{")]],
    ["a message, after its first fragment and a ping", [frameHeader(firstFragment, 1), Buffer.from("{"), frameHeader(pingFrame, 0)]],
    ["a message, after two fragments", [frameHeader(firstFragment, 1), Buffer.from("{"), frameHeader(0, 1), Buffer.from(" ")]],
    ["a second message", [frameHeader(textFrame, 2), Buffer.from("{}"), frameHeader(textFrame, 2)]],
  ])("%s that stays incomplete closes with 4004", async (_, bytes) => {
    const { port } = await start(transport, { bodyTimeoutMs: 150 });
    for (const path of ["/v1/talk/a", "/v1/sum", "/v1/list?count=1&delay_ms=60000"]) {
      const { socket, received } = rawWebSocket(port, path);
      await vi.waitUntil(() => received().includes("\r\n\r\n"));
      socket.write(Buffer.concat(bytes));
      await vi.waitUntil(() => received().includes("the message did not arrive within 150 ms"), 5_000);
      expect(received()).toContain(String.fromCharCode(4004 >> 8, 4004 & 255));
    }
  });

  test("a fragmented message may arrive slowly; an idle socket has no time limit", async () => {
    const { port } = await start(transport, { bodyTimeoutMs: 1_000 });
    const { socket, received } = rawWebSocket(port, "/v1/talk/a");
    await vi.waitUntil(() => received().includes("\r\n\r\n"));
    const bytes = Buffer.concat([frameHeader(firstFragment, 1), Buffer.from("{"), frameHeader(continuation, 1), Buffer.from("}")]);
    for (const byte of bytes) {
      socket.write(Buffer.of(byte));
      await delay(5);
    }
    await vi.waitUntil(() => received().includes('{"stringValue":"a"}'));
    await delay(1_200);
    expect(received()).not.toContain("did not arrive");
  });

  test("the time limit of a message stops while a slow handler pauses the socket", async () => {
    const { open } = await start(
      transport,
      { bodyTimeoutMs: 200 },
      {
        async sum(requests) {
          let count = 0;
          for await (const _ of requests) if (count++ === 0) await delay(600);
          return { int32Value: count };
        },
      },
    );
    const { socket, opened, frames, closed } = open("/v1/sum");
    await opened;
    for (let count = 0; count < 20; count++) socket.send(JSON.stringify({ stringValue: "x".repeat(300_000) }));
    socket.send("");
    expect((await closed).code).toBe(1000);
    expect(frames).toEqual(['{"int32Value":20}']);
  });

  test("an upload takes binary and text frames, with the content type of the handshake", async () => {
    const { open } = await start(transport);
    const upload = open("/v1/upload/n");
    await upload.opened;
    upload.socket.send(Buffer.from("bytes"));
    upload.socket.send("text");
    upload.socket.send(Buffer.alloc(0));
    expect((await upload.closed).code).toBe(1000);
    const type = "application/octet-stream";
    expect(upload.frames).toEqual([JSON.stringify({ repeatedValue: [`n ${type} bytes`, `n ${type} text`] })]);
    const typed = open("/v1/upload/n", { headers: { "content-type": "image/png" } });
    await typed.opened;
    typed.socket.send(Buffer.from("x"));
    typed.socket.send("");
    await typed.closed;
    expect(typed.frames).toEqual(['{"repeatedValue":["n image/png x"]}']);
  });

  test("a bearer token may be a subprotocol, for browsers", async () => {
    const { open } = await start(
      transport,
      {},
      {
        async *list(_request, { metadata }) {
          yield { repeatedValue: [...metadata.getAll("authorization")] };
        },
      },
    );
    const browser = open("/v1/list", { protocols: ["bearer", "a.b-c_d~1"] });
    await browser.closed;
    expect([browser.socket.protocol, browser.frames]).toEqual(["bearer", ['{"repeatedValue":["Bearer a.b-c_d~1"]}']]);
    const both = open("/v1/list", { protocols: ["json", "bearer", "token"], headers: { authorization: "Basic x" } });
    await both.closed;
    expect([both.socket.protocol, both.frames]).toEqual(["bearer", ['{"repeatedValue":["Basic x"]}']]);
    expect(await open("/v1/list", { protocols: ["bearer"] }).rejected).toBe(400);
    const other = open("/v1/list", { protocols: ["json"] });
    await other.closed;
    expect([other.socket.protocol, other.frames]).toEqual(["json", ["{}"]]);
  });

  test("a unary method or an unknown path rejects the handshake", async () => {
    const { open } = await start(transport);
    expect(await open("/v1/nothing").rejected).toBe(404);
    expect(await open("/v1/query").rejected).toBe(400);
  });

  test("pages of other origins are rejected unless they are allowed", async () => {
    const { open, url } = await start(transport);
    expect(await open("/v1/list", { origin: "https://evil.example" }).rejected).toBe(403);
    expect(await open("/v1/list", { origin: "null" }).rejected).toBe(403);
    expect((await open("/v1/list", { origin: url }).closed).code).toBe(1000);
    const friendly = await start(transport, { allowedOrigins: ["https://shop.example"] });
    expect((await friendly.open("/v1/list", { origin: "https://shop.example" }).closed).code).toBe(1000);
    expect(await friendly.open("/v1/list", { origin: "https://evil.example" }).rejected).toBe(403);
    const open2 = await start(transport, { allowedOrigins: ["*"] });
    expect((await open2.open("/v1/list", { origin: "https://evil.example" }).closed).code).toBe(1000);
  });

  test("the handshake's headers become metadata", async () => {
    const { open } = await start(
      transport,
      {},
      {
        async *list(_request, { metadata }) {
          yield { repeatedValue: [...metadata.getAll("authorization"), ...metadata.getAll("a")] };
        },
      },
    );
    const { frames, closed } = open("/v1/list", { headers: { authorization: "Bearer x", "grpc-metadata-a": "1" } });
    await closed;
    expect(frames).toEqual(['{"repeatedValue":["Bearer x","1"]}']);
  });

  test.each(["close", "terminate"] as const)("a closed socket (%s) cancels the call at once", async (how) => {
    const { promise, resolve } = Promise.withResolvers<Code>();
    const { open } = await start(
      transport,
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

  test("backpressure: a client that does not read stops the handler", async () => {
    let sent = 0;
    const { open } = await start(
      transport,
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

  test("backpressure: a handler that does not read pauses the socket", async () => {
    const { open } = await start(
      transport,
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

  test("closing the gateway cancels the calls of sockets, with a reason", async () => {
    const { gateway, url } = await startGateway(implement(Things, handlers), { transport, graceMs: 0 });
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/talk/a`);
    const closed = new Promise((resolve) => socket.once("close", (code, reason) => resolve({ code, reason: String(reason) })));
    await new Promise((resolve) => socket.once("open", resolve));
    await gateway.close();
    expect(await closed).toEqual({ code: 4000 + Code.UNAVAILABLE, reason: "the gateway is shutting down" });
  });

  test("closing the gateway gives the calls of sockets the grace period", async () => {
    const { gateway, url } = await startGateway(implement(Things, handlers), { transport, graceMs: 5000 });
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/talk/a`);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await new Promise((resolve) => socket.once("open", resolve));
    const end = gateway.close();
    socket.send('{"int32Value":1}');
    expect(await next(socket)).toBe('{"int32Value":2,"stringValue":"a"}');
    socket.send("");
    expect(await closed).toBe(1000);
    await end;
  });
});

test("opens at the path of a streaming method, whatever HTTP method its rule has", async () => {
  const rules = [
    { selector: `${Things.typeName}.List`, pattern: { case: "custom" as const, value: { kind: "QUERY", path: "/v1/asked/{count}" } } },
  ];
  const { open } = await start("in process", { rules });
  const { frames, closed } = open("/v1/asked/2");
  expect(await closed).toEqual({ code: 1000, reason: "" });
  expect(frames).toEqual(["{}", '{"int32Value":1}']);
});
