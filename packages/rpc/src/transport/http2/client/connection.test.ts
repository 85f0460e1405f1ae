// The life cycle of a connection: limits, GOAWAY, loss, resets, keepalive and windows. The servers
// are made of frames or of node:http2.
import { createServer } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { dialerFor, dialTo, statusOf, TestCall } from "../../../../test/attempts.ts";
import { eventually } from "../../../../test/eventually.ts";
import { heldMib, peerServer } from "../../../../test/http2-peer.ts";
import {
  code,
  data,
  goaway,
  message,
  rawConnection,
  requestOn,
  responseHeader,
  rstStream,
  setting,
  settings,
  trailers,
  type,
} from "../../../../test/raw-server.ts";
import { Code } from "../../../protocol/code.ts";
import type { Status } from "../../../protocol/status.ts";
import type { Connection } from "../../connection.ts";

const one = message(Buffer.from("one"));
const path = "/test.v1.TestService/Unary";

/** The events of a connection. */
function listen(connection: Connection) {
  const downs: Status[] = [];
  const events = { downs, available: 0 };
  connection.onDown = (status) => downs.push(status);
  connection.onAvailable = () => events.available++;
  return events;
}

// The server's limit.

test("opens no more calls than the server allows, and calls onAvailable when there is room again", async () => {
  const { peer, connection } = await rawConnection({ settings: [[setting.maxConcurrentStreams, 2]] });
  const events = listen(connection);
  expect(connection.available).toBe(2);
  const calls = [new TestCall(connection, "unary"), new TestCall(connection, "unary")];
  expect(connection.available).toBe(0);
  // A call that is opened anyway can be retried: nothing of it was sent.
  expect(await new TestCall(connection, "unary").ended).toMatchObject({ status: { code: Code.UNAVAILABLE }, progress: "unsent" });
  await requestOn(peer, 3);
  peer.send(responseHeader(1), data(1, one), trailers(1));
  await calls[0]?.ended;
  await expect.poll(() => events.available).toBe(1);
  expect(connection.available).toBe(1);
  peer.send(settings([setting.maxConcurrentStreams, 5]));
  await expect.poll(() => connection.available).toBe(4);
  calls[1]?.stream.cancel(Code.CANCELLED, "");
  expect(connection.available).toBe(5);
  expect(events.downs).toEqual([]);
});

// The end.

test("after GOAWAY, accepted streams finish, others are unprocessed, and no new one begins", async () => {
  const { peer, connection, target } = await rawConnection();
  const events = listen(connection);
  const calls = ["bidiStream", "unary", "unary"].map((kind) => new TestCall(connection, kind as "unary"));
  await requestOn(peer, 5);
  peer.send(goaway(1, code.noError));
  for (const call of calls.slice(1)) {
    expect(await call.ended).toMatchObject({
      status: { code: Code.UNAVAILABLE, message: `${target} closed its connection before it accepted ${path}` },
      progress: "refused",
    });
  }
  expect(connection.draining).toBe(true);
  expect(connection.available).toBe(0);
  expect(events.downs).toMatchObject([{ code: Code.UNAVAILABLE, message: `${target} takes no more calls on this connection` }]);
  const [first] = calls;
  first?.stream.send(one, true);
  peer.send(responseHeader(1), data(1, one));
  await expect.poll(() => first?.texts).toEqual(["one"]);
  await delay(50);
  peer.send(trailers(1));
  expect((await first?.ended)?.status.code).toBe(Code.OK);
  await peer.closed;
  expect(events.downs).toHaveLength(1);
});

test("two GOAWAY frames, as this package's server and grpc-go send them, end the connection in order", async () => {
  const { peer, connection } = await rawConnection();
  const events = listen(connection);
  const call = new TestCall(connection, "unary");
  await requestOn(peer, 1);
  peer.send(goaway(2 ** 31 - 1, code.noError));
  await expect.poll(() => events.downs.length).toBe(1);
  peer.send(goaway(1, code.noError));
  await peer.ping();
  peer.send(responseHeader(1), data(1, one), trailers(1));
  expect((await call.ended).status.code).toBe(Code.OK);
  expect(events.downs).toHaveLength(1);
});

test("a GOAWAY with an error appears in the status", async () => {
  const { peer, connection, target } = await rawConnection();
  const events = listen(connection);
  peer.send(goaway(0, code.enhanceYourCalm, "too_many_pings"));
  await expect
    .poll(() => events.downs)
    .toMatchObject([
      { code: Code.UNAVAILABLE, message: `${target} takes no more calls on this connection: ENHANCE_YOUR_CALM (too_many_pings)` },
    ]);
});

test("a lost connection ends its calls: the status names target and method, and the peer stays available", async () => {
  const { peer, connection, target } = await rawConnection();
  const events = listen(connection);
  const call = new TestCall(connection, "unary");
  await requestOn(peer, 1);
  peer.socket.destroy();
  expect(await call.ended).toMatchObject({
    status: { code: Code.UNAVAILABLE, message: `the connection to ${target} was lost during ${path}` },
    progress: "processed",
  });
  expect(call.stream.peer).toBe(target);
  expect(connection.draining).toBe(true);
  expect(events.downs).toMatchObject([
    { code: Code.UNAVAILABLE, message: `the connection to ${target} was lost: the peer closed the connection` },
  ]);
  expect(connection.calls).toBe(0);
});

test("a violation of HTTP/2 closes the connection, and its calls report it", async () => {
  const { peer, connection, target } = await rawConnection();
  const events = listen(connection);
  const call = new TestCall(connection, "unary");
  await requestOn(peer, 1);
  peer.send(data(0, one));
  expect((await call.ended).status).toMatchObject({
    code: Code.UNAVAILABLE,
    message: `the connection to ${target} was lost during ${path}`,
  });
  expect(events.downs).toMatchObject([{ message: expect.stringContaining("DATA on stream 0") }]);
});

test("close() lets the calls finish; destroy() ends them", async () => {
  const { peer, connection } = await rawConnection();
  const events = listen(connection);
  const call = new TestCall(connection, "unary");
  await requestOn(peer, 1);
  connection.close();
  expect([connection.available, connection.draining]).toEqual([0, true]);
  expect(await new TestCall(connection, "unary").ended).toMatchObject({ status: { code: Code.UNAVAILABLE }, progress: "unsent" });
  peer.send(responseHeader(1), data(1, one), trailers(1));
  expect((await call.ended).status.code).toBe(Code.OK);
  await peer.closed;
  expect(events.downs).toEqual([]);
  const other = await rawConnection();
  const cut = new TestCall(other.connection, "unary");
  other.connection.destroy();
  expect((await cut.ended).status).toMatchObject({ code: Code.UNAVAILABLE });
});

test("closing a connection without calls ends it at once", async () => {
  const { peer, connection } = await rawConnection();
  connection.close();
  await peer.closed;
  expect(peer.frames.at(-1)?.kind).toBe(type.goaway);
});

// Resets.

test.each([
  ["NO_ERROR", 0, Code.INTERNAL, /^the server ended \S+ without a status$/],
  ["PROTOCOL_ERROR", 1, Code.INTERNAL, /^the server reset \S+ with PROTOCOL_ERROR$/],
  ["INTERNAL_ERROR", 2, Code.INTERNAL, /^the server reset \S+ with INTERNAL_ERROR$/],
  ["FLOW_CONTROL_ERROR", 3, Code.INTERNAL, /^the server reset \S+ with FLOW_CONTROL_ERROR$/],
  ["REFUSED_STREAM", 7, Code.UNAVAILABLE, /^127\.0\.0\.1:\d+ refused \S+: it takes no more calls at the moment$/],
  ["CANCEL", 8, Code.CANCELLED, /^the server cancelled \S+$/],
  [
    "ENHANCE_YOUR_CALM",
    11,
    Code.RESOURCE_EXHAUSTED,
    /^the server reset \S+ with ENHANCE_YOUR_CALM: it has a limit for calls or for metadata$/,
  ],
  ["INADEQUATE_SECURITY", 12, Code.PERMISSION_DENIED, /^the server reset \S+ with INADEQUATE_SECURITY: it requires better TLS$/],
  ["HTTP_1_1_REQUIRED", 13, Code.INTERNAL, /^the server reset \S+ with HTTP_1_1_REQUIRED$/],
  ["a code without a name", 99, Code.INTERNAL, /^the server reset \S+ with the code 99$/],
])("a reset with %s ends the call, before and after a header", async (_, reset, status, text) => {
  const { peer, connection } = await rawConnection();
  for (const id of [1, 3, 5, 7]) {
    const call = new TestCall(connection, id < 5 ? "unary" : "bidiStream");
    await requestOn(peer, id);
    if (id % 4 === 3) peer.send(responseHeader(id));
    peer.send(rstStream(id, reset));
    expect(await call.ended).toMatchObject({
      status: { code: status, message: expect.stringMatching(text), cause: expect.any(Error) },
      progress: reset === code.refusedStream ? "refused" : "processed",
    });
  }
});

test("a reset with CANCEL after the deadline is DEADLINE_EXCEEDED", async () => {
  const { peer, connection } = await rawConnection();
  const call = new TestCall(connection, "unary", { deadline: Date.now() + 30 });
  await requestOn(peer, 1);
  await delay(50);
  peer.send(rstStream(1, code.cancel));
  expect((await call.ended).status).toMatchObject({
    code: Code.DEADLINE_EXCEEDED,
    message: `deadline exceeded: ${path} did not end in time`,
  });
});

// Keepalive.

const pings = (peer: Awaited<ReturnType<typeof rawConnection>>["peer"]) =>
  peer.frames.filter(({ kind, flags }) => kind === type.ping && flags === 0);

test("keepalive PINGs are sent on a quiet connection with calls, and not on one without", async () => {
  const { peer, connection, target } = await rawConnection({}, { limits: { keepaliveTimeMs: 40, keepaliveTimeoutMs: 60 } });
  const events = listen(connection);
  await delay(150);
  expect(pings(peer)).toEqual([]);
  const call = new TestCall(connection, "unary");
  // A peer of raw frames does not answer.
  expect((await call.ended).status).toMatchObject({
    code: Code.UNAVAILABLE,
    message: `the connection to ${target} was lost during ${path}`,
  });
  expect(pings(peer)).toHaveLength(1);
  expect(events.downs).toMatchObject([{ message: `the connection to ${target} was lost: the peer does not answer the keepalive PING` }]);
});

test("after too_many_pings, the next connections of the channel send half as many PINGs", async () => {
  const seen: number[] = [];
  const server = createServer();
  const sessions = new Set<import("node:http2").ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session.on("error", () => {}));
    const index = seen.push(0) - 1;
    session.on("ping", () => {
      seen[index] = (seen[index] ?? 0) + 1;
    });
  });
  server.on("stream", (stream) => stream.on("error", () => {}));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const target = `127.0.0.1:${(server.address() as import("node:net").AddressInfo).port}`;
  const dial = dialerFor(target, { limits: { keepaliveTimeMs: 50 } });
  const first = await dial();
  const call = new TestCall(first, "unary");
  await eventually(() => expect(seen[0]).toBeGreaterThanOrEqual(2));
  for (const session of sessions) session.goaway(11, 1, Buffer.from("too_many_pings"));
  await eventually(() => expect(first.draining).toBe(true));
  for (const session of sessions) session.destroy();
  expect((await call.ended).status.code).toBe(Code.UNAVAILABLE);
  const second = await dial();
  new TestCall(second, "unary");
  const start = performance.now();
  await eventually(() => expect(seen[1]).toBe(1));
  expect(performance.now() - start).toBeGreaterThan(90);
});

test("calls accepted before GOAWAY finish, however long they are silent", async () => {
  const { peer, connection } = await rawConnection({}, { limits: { keepaliveTimeMs: 30 } });
  const call = new TestCall(connection, "bidiStream");
  await requestOn(peer, 1);
  peer.send(responseHeader(1), goaway(1, code.noError));
  // The peer answers each PING once, as a live one does. The next PING follows the answer, and a time
  // in which the peer sends nothing.
  let answered = 0;
  const answer = setInterval(() => {
    for (const { payload } of pings(peer).slice(answered)) {
      answered++;
      const frame = Buffer.concat([Buffer.from([0, 0, 8, 6, 1, 0, 0, 0, 0]), payload]);
      peer.send(frame);
    }
  }, 20);
  onTestFinished(() => clearInterval(answer));
  await eventually(() => expect(pings(peer).length).toBeGreaterThan(5));
  peer.send(data(1, one), trailers(1));
  expect((await call.ended).status.code).toBe(Code.OK);
  expect(call.texts).toEqual(["one"]);
});

// Windows.

test("unrequested responses get no credit: the server stops after a window, and continues as responses are read", async () => {
  const { peer, connection } = await rawConnection({}, { limits: { streamWindowBytes: 10_000, maxWindowBytes: 0 } });
  const call = new TestCall(connection, "serverStream", { pulls: 0 });
  await requestOn(peer, 1);
  expect(peer.settings.get(setting.initialWindowSize)).toBe(10_000);
  const updates = () => peer.frames.filter(({ kind, stream }) => kind === type.windowUpdate && stream === 1);
  // Empty messages count, too.
  peer.send(responseHeader(1), data(1, Buffer.alloc(10_000, message())));
  await peer.ping();
  expect(updates()).toEqual([]);
  for (let pulls = 0; pulls < 400; pulls++) call.stream.pull();
  await peer.ping();
  expect(updates()).toEqual([]);
  for (let pulls = 0; pulls < 1500; pulls++) call.stream.pull();
  await peer.ping();
  const credit = updates().reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
  expect(credit).toBeGreaterThanOrEqual(5_000);
  expect(credit).toBeLessThanOrEqual(9_500);
  expect(call.messages).toHaveLength(1900);
});

test("a message larger than the window arrives once it is requested", async () => {
  const target = await peerServer((stream) => {
    stream.resume();
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.write(one);
    stream.end(message(Buffer.alloc(1_000_000, "x")));
  });
  const connection = await dialTo(target, { limits: { streamWindowBytes: 20_000, maxWindowBytes: 0 } });
  const call = new TestCall(connection, "serverStream", { pulls: 0 });
  await delay(50);
  call.stream.pull();
  await expect.poll(() => call.messages.length).toBe(1);
  await delay(50);
  expect(call.messages).toHaveLength(1);
  call.stream.pull();
  call.stream.pull();
  expect((await call.ended).status.code).toBe(Code.OK);
  expect(call.messages[1]).toHaveLength(1_000_000);
});

test.each([
  ["the rest of a requested message arrives at once", {}, 1, 2 * 2 ** 20 - 1_000],
  ["the rest of a message arrives at once up to maxWindowBytes", { maxWindowBytes: 2 ** 20 }, 1, 2 ** 20],
  ["the rest of a message arrives one window at a time if windows do not grow", { maxWindowBytes: 1 }, 1, 65_535 - 1_005],
  ["the rest of an unrequested message stays at the server", {}, 0, 65_535 - 1_005],
])("%s", async (_, limits, pulls, allowed) => {
  for (const kind of ["unary", "serverStream"] as const) {
    const { peer, connection } = await rawConnection({}, { limits: { streamWindowBytes: 65_535, ...limits } });
    const call = new TestCall(connection, kind, { pulls });
    await requestOn(peer, 1);
    peer.send(responseHeader(1), data(1, message(Buffer.alloc(1_000), 0, 2 * 2 ** 20)));
    expect(await peer.ping(), peer.transcript()).toBe(true);
    const updates = peer.frames.filter(({ kind, stream }) => kind === type.windowUpdate && stream === 1);
    expect(updates.reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 65_535 - 1_005)).toBe(allowed);
    call.stream.cancel(Code.CANCELLED, "");
  }
});

test("a client that does not read holds few of 16 MiB of empty messages", async () => {
  let sentAll = false;
  const target = await peerServer((stream) => {
    stream.resume();
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    const part = Buffer.alloc(2 ** 20, message());
    for (let times = 0; times < 16; times++) stream.write(part);
    stream.write(message(), () => {
      sentAll = true;
    });
  });
  const connection = await dialTo(target);
  const before = heldMib();
  const call = new TestCall(connection, "serverStream", { pulls: 1 });
  await expect.poll(() => call.messages.length).toBe(1);
  await delay(300);
  // The server's unsent data is one buffer in this process.
  expect(heldMib() - before).toBeLessThan(24);
  for (let pulls = 0; pulls < 40_000; pulls++) call.stream.pull();
  await expect.poll(() => call.messages.length).toBe(40_001);
  expect(sentAll).toBe(false);
  call.stream.cancel(Code.CANCELLED, "");
});

test("many concurrent calls each get their own response", async () => {
  const target = await peerServer((stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.concat(chunks));
    });
  });
  const connection = await dialTo(target);
  const calls = Array.from({ length: 90 }, (_, index) => new TestCall(connection, "unary", { request: Buffer.from(`call ${index}`) }));
  await Promise.all(calls.map((call) => call.ended));
  expect(calls.map((call) => call.texts)).toEqual(calls.map((_, index) => [`call ${index}`]));
  expect(await statusOf(connection, "unary")).toMatchObject({ code: Code.OK });
});
