// Slow peers, and peers that vanish silently: each is given up after a time limit.
import { once } from "node:events";
import { createServer } from "node:http2";
import { type AddressInfo, connect as connectSocket, createServer as createRelay, type Socket } from "node:net";
import { createClient } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { until } from "../harness/until.ts";
import { code, data, flag, frame, headerBlock, headers, message, preface, settings, type } from "./frames.ts";
import { callHeader, rawClient } from "./raw-client.ts";
import { codeOf, Target } from "./target.ts";

const empty = "/grpc.testing.TestService/EmptyCall";
const duplex = "/grpc.testing.TestService/FullDuplexCall";
const nothing = message(new Uint8Array());

/** Short limits keep the tests fast. */
const short = { handshakeTimeoutMs: 200, bodyTimeoutMs: 300, keepaliveTimeMs: 200, keepaliveTimeoutMs: 1_000 };

/** The duration of a promise, in milliseconds. */
async function duration(promise: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await promise;
  return performance.now() - start;
}

/** Writes one byte at a time, until all bytes are written or the connection is closed. */
async function drip(write: (bytes: Uint8Array) => boolean, bytes: Uint8Array, everyMs: number): Promise<void> {
  for (const byte of bytes) {
    if (!write(Buffer.of(byte))) return;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

describe("a server", { concurrent: false }, () => {
  test.each([
    ["stays silent", new Uint8Array()],
    ["sends half of the preface", preface.subarray(0, 10)],
    ["sends the preface without settings", preface],
    ["sends half of its settings", Buffer.concat([preface, settings([[4, 65_535]]).subarray(0, 12)])],
  ])("closes a connection that %s", async (_, bytes) => {
    const target = await Target.shared(short);
    await target.recordBaseline();
    const start = performance.now();
    const clients = await Promise.all(Array.from({ length: 20 }, () => rawClient(target.address, { begin: false })));
    for (const client of clients) client.write(bytes);
    await Promise.all(clients.map(({ closed }) => closed));
    const ms = performance.now() - start;
    expect(ms).toBeGreaterThan(150);
    expect(ms).toBeLessThan(3_000);
    await target.expectUnharmed();
  });

  test("closes a connection whose header arrives one byte at a time", async () => {
    const target = await Target.shared(short);
    await target.recordBaseline();
    using client = await rawClient(target.address);
    const block = headers(1, callHeader(empty, [["x", "y".repeat(1_000)]]));
    void drip((bytes) => client.socket.writable && client.socket.write(bytes), block, 10);
    expect(await duration(client.closed)).toBeLessThan(3_000);
    await target.expectUnharmed();
  });

  test("closes a connection whose header never ends, even if it has calls", async () => {
    const target = await Target.shared(short);
    await target.recordBaseline();
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(duplex)), data(1, nothing));
    await client.ping();
    client.write(frame(type.headers, flag.none, 3, headerBlock(callHeader(empty))));
    expect(await duration(client.closed)).toBeLessThan(3_000);
    await target.expectUnharmed();
  });

  test.each([
    ["a unary call without its message", empty, Buffer.alloc(0)],
    ["a unary call with part of its message", empty, message(Buffer.alloc(5), 0, 10)],
    ["a unary call without a half-close", empty, nothing],
    ["a server streaming call without a half-close", "/grpc.testing.TestService/StreamingOutputCall", nothing],
    ["a stream in the middle of a message", duplex, Buffer.concat([nothing, message(Buffer.alloc(5), 0, 10)])],
    ["a stream in the middle of a prefix", duplex, Buffer.concat([nothing, nothing.subarray(0, 3)])],
  ])("ends %s, and keeps the connection", async (_, path, bytes) => {
    const target = await Target.shared(short);
    await target.recordBaseline();
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(path)), data(1, bytes));
    const ms = await duration(
      client.frame(({ stream, kind, flags }) => stream === 1 && kind === type.headers && (flags & flag.endStream) !== 0),
    );
    expect(ms).toBeGreaterThan(250);
    expect(ms).toBeLessThan(3_000);
    expect(await client.ping()).toBe(true);
    await target.expectUnharmed({ left: 1 });
  });

  test("ends a call whose message arrives one byte at a time", async () => {
    const target = await Target.shared(short);
    await target.recordBaseline();
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(duplex)));
    void drip((byte) => client.socket.writable && client.socket.write(data(1, byte)), message(Buffer.alloc(1_000)), 10);
    expect(await duration(client.outcome(1))).toBeLessThan(3_000);
    client[Symbol.dispose]();
    await target.expectUnharmed();
  });

  test("allows a silent stream between messages, and a slow handler", async () => {
    const target = await Target.shared(short);
    using client = createClient(TestService, target.address);
    const call = client.fullDuplexCall();
    for (let messages = 0; messages < 3; messages++) {
      expect(await call.send({ payload: { body: new Uint8Array(200_000) } })).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await call.recv())?.payload?.body).toHaveLength(200_000);
    }
    call.closeSend();
    expect(await call.recv()).toBeUndefined();
  });

  test("allows a stream to wait for a client that does not read", async () => {
    const target = await Target.shared(short);
    using client = createClient(TestService, target.address);
    const call = client.fullDuplexCall();
    const sent = Array.from({ length: 20 }, () => call.send({ payload: { body: new Uint8Array(500_000) } }));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    for (const _ of sent) expect((await call.recv())?.payload?.body).toHaveLength(500_000);
    call.cancel();
  });

  test("closes a half-open TCP connection, whose peer no longer responds", async () => {
    const target = await Target.shared(short);
    await target.recordBaseline();
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(duplex)), data(1, nothing));
    await client.ping();
    // No FIN, no RST, no reply: as when a cable is unplugged.
    client.socket.removeAllListeners("data");
    client.socket.on("data", () => {});
    expect(await duration(client.closed)).toBeLessThan(3_000);
    await target.expectUnharmed();
  });

  test("closes a connection that its peer half-closes", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(duplex)), data(1, nothing));
    await client.ping();
    client.socket.end();
    expect(await duration(client.closed)).toBeLessThan(3_000);
    await target.expectUnharmed();
  });

  test("closes an idle connection, and sends GOAWAY on one that is too old; no call of our client fails", async () => {
    await using target = await Target.start({ maxConnectionIdleMs: 300, maxConnectionAgeMs: 400 });
    using idle = await rawClient(target.address);
    expect(await duration(idle.closed)).toBeLessThan(3_000);
    expect(await idle.goaway()).toBe(code.noError);
    using client = createClient(TestService, target.address);
    const codes = new Set<string>();
    for (const end = Date.now() + 1_500; Date.now() < end; ) codes.add(await codeOf(client.emptyCall({})));
    expect([...codes]).toEqual(["OK"]);
  });
});

describe("a client", { concurrent: false }, () => {
  test("ends its calls with UNAVAILABLE when the server no longer responds", async () => {
    const server = createServer();
    server.on("session", (session) => session.on("error", () => {}));
    server.on("stream", (stream) => stream.on("error", () => {}));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;

    // A relay between client and server that can fall silent.
    const sockets = new Set<Socket>();
    let silent = false;
    const relay = createRelay((socket) => {
      const upstream = connectSocket(port, "127.0.0.1");
      for (const one of [socket, upstream]) {
        sockets.add(one);
        one.on("error", () => {});
      }
      socket.on("data", (bytes) => silent || upstream.write(bytes));
      upstream.on("data", (bytes) => silent || socket.write(bytes));
    });
    relay.listen(0, "127.0.0.1");
    await once(relay, "listening");

    using client = createClient(TestService, `127.0.0.1:${(relay.address() as AddressInfo).port}`, {
      limits: { keepaliveTimeMs: 200, keepaliveTimeoutMs: 1_000 },
    });
    const streams = [client.fullDuplexCall(), client.fullDuplexCall()].map((call) => codeOf(call.recv()));
    const unary = codeOf(client.emptyCall({}));
    await until(() => sockets.size === 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    silent = true;
    expect(await duration(Promise.all([...streams, unary]))).toBeLessThan(3_000);
    expect(await Promise.all([...streams, unary])).toEqual(["UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"]);
    for (const socket of sockets) socket.destroy();
    relay.close();
    server.close();
  });
});
