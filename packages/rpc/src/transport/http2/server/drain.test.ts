// Draining connections: GOAWAY lets accepted calls finish, and the server does not wait for peers
// without a call.
import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { preface, frame as rawFrame, settings, type } from "../../../../../http2/test/raw/frames.ts";
import type { RawPeer } from "../../../../../http2/test/raw/peer.ts";
import { newAuthority } from "../../../../test/authority.ts";
import { until } from "../../../../test/harness.ts";
import { frame, Peer } from "../../../../test/http2-peer.ts";
import { callHeaders, closed, dataFrame, ending, Served, serve } from "../../../../test/served.ts";
import { Code } from "../../../protocol/code.ts";

const one = frame(Buffer.from("1"));
const reply = Buffer.from("reply");

/** The GOAWAY frames: last stream and code. */
const goaways = (peer: RawPeer) =>
  peer.frames.filter(({ kind }) => kind === type.goaway).map(({ payload }) => [payload.readUInt32BE(0), payload.readUInt32BE(4)]);

async function socketTo(port: number, ...bytes: readonly Buffer[]) {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {}).resume();
  await once(socket, "connect");
  socket.write(Buffer.concat(bytes));
  return socket;
}

/** Fails if draining takes a second: it waits for a round trip at most. */
async function atOnce(drained: Promise<void>): Promise<void> {
  const start = performance.now();
  await drained;
  expect(performance.now() - start).toBeLessThan(2_000);
}

test("draining takes one round trip with silent connections, a partial preface, header or request, and idle clients", async () => {
  const served = await serve();
  const halfHeader = rawFrame(type.headers, 0, 1, Buffer.of(0x83));
  await socketTo(served.port);
  await socketTo(served.port, preface.subarray(0, 10));
  await socketTo(served.port, preface, settings());
  await socketTo(served.port, preface, settings(), halfHeader);
  await socketTo(served.port, preface, settings(), halfHeader.subarray(0, 5));
  const idle = await served.client();
  const half = await served.client();
  half.send(callHeaders(1), dataFrame(1, one.subarray(0, 3)));
  await half.ping();
  await atOnce(served.transport.drain());
  await closed(idle);
  expect(goaways(idle)).toEqual([
    [2 ** 31 - 1, 0],
    [0, 0],
  ]);
  // No handler has seen the call, so the client can retry it.
  expect(await ending(half, 1).catch(() => half.reset(1))).toSatisfy((end) => end === 7 || String(end) === "rstStream 7");
});

test("draining does not wait for incomplete TLS handshakes", async () => {
  const identity = await (await newAuthority()).issue("localhost");
  const served = new Served();
  onTestFinished(() => served.transport.destroy());
  await served.listen({ host: "127.0.0.1", port: 0 }, identity);
  const silent = await socketTo(served.port);
  const begun = await socketTo(served.port, Buffer.from([0x16, 3, 1, 0, 200, 1]));
  const gone = [silent, begun].map((socket) => once(socket, "close"));
  const whole = connectTls({ port: served.port, host: "127.0.0.1", ca: identity.cert, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  onTestFinished(() => void whole.destroy());
  await once(whole, "secureConnect");
  await atOnce(served.transport.drain());
  await Promise.all(gone);
});

test("draining serves running calls and requests in flight, and rejects later ones and new connections", async () => {
  const served = await serve();
  const peer = await served.client();
  peer.send(callHeaders(1), dataFrame(1, one, true));
  await until(() => served.calls.length === 1);
  let drained = false;
  const draining = served.transport.drain().then(() => (drained = true));
  await peer.next(({ kind }) => kind === type.goaway, "GOAWAY");
  const refused = connect(served.port, "127.0.0.1");
  expect(await once(refused, "error")).toMatchObject([{ code: "ECONNREFUSED" }]);
  await peer.ping("later");
  expect(drained).toBe(false);
  served.calls[0]?.stream.end(undefined, reply, false);
  await draining;
  await closed(peer);
  expect(peer.frames.filter(({ kind, stream }) => kind !== type.windowUpdate && stream === 1).map(({ kind }) => kind)).toEqual([1, 0, 1]);
});

test("draining resolves once the last status has been sent", async () => {
  const served = await serve();
  const peer = new Peer(`127.0.0.1:${served.port}`);
  const call = peer.call("Unary");
  call.stream.end(one);
  await until(() => served.calls.length === 1);
  const draining = served.transport.drain();
  served.calls[0]?.stream.end({ code: Code.ABORTED, message: "x".repeat(5_000), metadata: undefined }, undefined, false);
  await draining;
  served.transport.destroy();
  expect(await call.status()).toBe(Code.ABORTED);
});

test("while the server drains, a stream outlives the idle timeout and the age, and its peer answers keepalive PINGs", async () => {
  const served = await serve({ keepaliveTimeMs: 30, keepaliveTimeoutMs: 100, maxConnectionIdleMs: 50, maxConnectionAgeMs: 80 });
  const peer = new Peer(`127.0.0.1:${served.port}`);
  const call = peer.call("BidiStream");
  call.stream.write(one);
  await until(() => served.calls.length === 1);
  const { stream } = served.calls[0] as (typeof served.calls)[number];
  stream.send(reply, false);
  let drained = false;
  const draining = served.transport.drain().then(() => (drained = true));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(drained).toBe(false);
  expect(served.calls[0]?.cancelled).toBeUndefined();
  stream.end(undefined, undefined, false);
  expect(await call.status()).toBe(Code.OK);
  await draining;
});

test("a client that does not answer keepalive PINGs is disconnected, with its calls", async () => {
  const served = await serve({ keepaliveTimeMs: 50, keepaliveTimeoutMs: 100 });
  await socketTo(served.port, preface, settings(), callHeaders(1, "BidiStream"));
  await until(() => served.calls[0]?.cancelled !== undefined);
  expect(served.calls[0]?.cancelled).toMatchObject({ code: Code.CANCELLED });
});

test("a connection ends after maxConnectionIdleMs without calls", async () => {
  const served = await serve({ maxConnectionIdleMs: 100 });
  const idle = await served.client();
  const busy = await served.client();
  busy.send(callHeaders(1, "BidiStream"));
  await closed(idle);
  expect(goaways(idle).at(-1)).toEqual([0, 0]);
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(await busy.ping()).toBe(true);
  served.calls[0]?.stream.end(undefined, undefined, false);
  await closed(busy);
});

test("after maxConnectionAgeMs the server sends GOAWAY, lets calls finish, and closes the connection after the grace period", async () => {
  const served = await serve({ maxConnectionAgeMs: 100, maxConnectionAgeGraceMs: 600 });
  const patient = await served.client();
  patient.send(callHeaders(1, "BidiStream"));
  const endless = await served.client();
  endless.send(callHeaders(1, "BidiStream"));
  await Promise.all([patient, endless].map((peer) => peer.next(({ kind }) => kind === type.goaway, "GOAWAY")));
  expect(served.calls.map(({ cancelled }) => cancelled)).toEqual([undefined, undefined]);
  served.calls[0]?.stream.end(undefined, undefined, false);
  await closed(patient);
  await closed(endless);
  expect([served.calls[0]?.cancelled, served.calls[1]?.cancelled?.code]).toEqual([undefined, Code.CANCELLED]);
});

test("a connection without a preface ends after handshakeTimeoutMs", async () => {
  const served = await serve({ handshakeTimeoutMs: 100 });
  const silent = await socketTo(served.port);
  const halfHeader = await socketTo(served.port, preface, settings(), rawFrame(type.headers, 0, 1, Buffer.of(0x83)));
  await Promise.all([silent, halfHeader].map((socket) => once(socket, "close")));
});

test("connections over maxConnections are closed at once", async () => {
  const served = await serve({ maxConnections: 2 });
  const peers = [await served.client(), await served.client()];
  const third = await socketTo(served.port);
  await once(third, "close");
  for (const peer of peers) expect(await peer.ping()).toBe(true);
  peers[0]?.socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await (await served.client()).ping()).toBe(true);
});

test("destroy closes all connections at once", async () => {
  const served = await serve();
  const peer = await served.client();
  peer.send(callHeaders(1, "BidiStream"));
  await until(() => served.calls.length === 1);
  served.transport.destroy();
  await closed(peer);
  expect(served.calls[0]?.cancelled?.code).toBe(Code.CANCELLED);
  await expect(served.transport.listen({ host: "127.0.0.1", port: 0 }, undefined)).rejects.toThrow("the transport has been closed");
});

test("closing one address frees it, and its connections stay open", async () => {
  const served = new Served();
  onTestFinished(() => served.transport.destroy());
  const listening = await served.transport.listen({ host: "127.0.0.1", port: 0 }, undefined);
  served.port = listening.port;
  const peer = await served.client();
  await listening.close();
  await served.transport.listen({ host: "127.0.0.1", port: listening.port }, undefined);
  expect(await peer.ping()).toBe(true);
});
