// A cancel sends RST_STREAM(CANCEL), with no frame before it that makes the request look complete.
// The tests check the frames at the server.
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { TestCall, type TestCallOptions } from "../../../../test/attempts.ts";
import {
  data,
  framesOf,
  message,
  rawConnection,
  requestOn,
  responseHeader,
  rstStream,
  setting,
  trailers,
  type,
} from "../../../../test/raw-server.ts";
import { Code } from "../../../protocol/code.ts";

const one = message(Buffer.from("one"));
const cancel = (call: TestCall) => call.stream.cancel(Code.CANCELLED, "enough");
const streams = ["clientStream", "bidiStream"] as const;

/** Resolves once the server has received everything that was sent so far. */
async function sync(peer: Awaited<ReturnType<typeof rawConnection>>["peer"]): Promise<void> {
  await new Promise(setImmediate);
  await peer.ping(`sync ${Math.random()}`.slice(0, 8));
}

/** Returns the events of the call so far, and checks that no more follow. */
async function expectSilence(call: TestCall): Promise<void> {
  const before = [call.messages.length, call.headers.length, call.drains];
  await delay(30);
  expect([call.messages.length, call.headers.length, call.drains]).toEqual(before);
  expect(call.end).toBeUndefined();
}

test.each(streams)("%s: in the turn in which it began, with requests and without", async (kind) => {
  const { peer, connection } = await rawConnection();
  const bare = new TestCall(connection, kind);
  cancel(bare);
  const sent = new TestCall(connection, kind);
  sent.stream.send(one, true);
  cancel(sent);
  await sync(peer);
  expect(framesOf(peer, 1)).toEqual(["headers", "rstStream 8"]);
  expect(framesOf(peer, 3)).toEqual(["headers", "data", "rstStream 8"]);
  await expectSilence(bare);
  await expectSilence(sent);
  expect(connection.calls).toBe(0);
});

test.each(streams)("%s: after its requests, after a header, after a message, and with requests that wait for the window", async (kind) => {
  const { peer, connection } = await rawConnection({ settings: [[setting.initialWindowSize, 1000]] });
  const call = new TestCall(connection, kind);
  call.stream.send(one, true);
  await requestOn(peer, 1);
  peer.send(responseHeader(1), data(1, one));
  await expect.poll(() => call.texts).toEqual(["one"]);
  expect(call.stream.send(Buffer.alloc(100_000), true)).toBe(false);
  await sync(peer);
  cancel(call);
  await sync(peer);
  expect(new Set(framesOf(peer, 1).slice(0, -1))).toEqual(new Set(["headers", "data"]));
  expect(framesOf(peer, 1).at(-1)).toBe("rstStream 8");
  // Late frames have no effect.
  peer.send(data(1, one), trailers(1));
  await expectSilence(call);
});

test.each(["unary", "serverStream"] as const)("%s: while the only request waits for the window", async (kind) => {
  const { peer, connection } = await rawConnection({ settings: [[setting.initialWindowSize, 1000]] });
  const call = new TestCall(connection, kind, { request: Buffer.alloc(200_000) });
  await requestOn(peer, 1);
  await sync(peer);
  cancel(call);
  await sync(peer);
  expect(framesOf(peer, 1).at(-1)).toBe("rstStream 8");
  expect(framesOf(peer, 1).filter((frame) => frame.includes("END_STREAM"))).toEqual([]);
});

const compressed: readonly (readonly [string, "unary" | "clientStream" | "bidiStream", TestCallOptions])[] = [
  ["unary", "unary", { compression: "gzip", request: Buffer.alloc(3_000_000, "x") }],
  ["clientStream", "clientStream", { compression: "gzip" }],
  ["bidiStream", "bidiStream", { compression: "deflate" }],
];

test.each(compressed)("%s: while the request is being compressed, also once it is half-closed", async (_, kind, options) => {
  const { peer, connection } = await rawConnection();
  const call = new TestCall(connection, kind, options);
  if (kind !== "unary") {
    call.stream.send(Buffer.alloc(3_000_000, "y"), true);
    call.stream.halfClose();
  }
  await requestOn(peer, 1);
  cancel(call);
  await delay(100);
  await sync(peer);
  expect(framesOf(peer, 1)).toEqual(["headers", "rstStream 8"]);
  await expectSilence(call);
});

test("while a response is being decompressed", async () => {
  const { peer, connection } = await rawConnection();
  const call = new TestCall(connection, "bidiStream");
  // The message arrives in the same chunk as the header.
  call.onHeader = () => void setImmediate(() => cancel(call));
  await requestOn(peer, 1);
  peer.send(responseHeader(1, [["grpc-encoding", "gzip"]]), data(1, message(gzipSync(Buffer.alloc(3_000_000)), 1)), data(1, one));
  await peer.streamEnd(1);
  await expectSilence(call);
  expect(call.messages).toEqual([]);
});

test.each(["unary", "serverStream"] as const)("%s: after the request is complete", async (kind) => {
  const { peer, connection } = await rawConnection();
  const call = new TestCall(connection, kind);
  await peer.streamEnd(1);
  cancel(call);
  cancel(call);
  await sync(peer);
  expect(framesOf(peer, 1)).toEqual(["headers", "data END_STREAM", "rstStream 8"]);
});

test("after the end, or with unread responses: nothing is sent", async () => {
  const { peer, connection } = await rawConnection();
  const ended = new TestCall(connection, "serverStream");
  const unread = new TestCall(connection, "serverStream", { pulls: 0 });
  await peer.streamEnd(3);
  for (const stream of [1, 3]) peer.send(responseHeader(stream), data(stream, one), trailers(stream));
  await ended.ended;
  cancel(ended);
  cancel(unread);
  unread.stream.pull();
  await sync(peer);
  for (const stream of [1, 3]) expect(framesOf(peer, stream)).toEqual(["headers", "data END_STREAM"]);
  expect(unread.messages).toEqual([]);
});

test("after a cancel, the peer stays available and further calls do nothing", async () => {
  const { peer, connection, target } = await rawConnection();
  const call = new TestCall(connection, "bidiStream");
  expect(call.stream.peer).toBe(target);
  cancel(call);
  expect(call.stream.peer).toBe(target);
  expect(call.stream.send(one, true)).toBe(true);
  call.stream.halfClose();
  call.stream.pull();
  await sync(peer);
  expect(framesOf(peer, 1)).toEqual(["headers", "rstStream 8"]);
});

test("a listener may cancel its call in each callback", async () => {
  const { peer, connection } = await rawConnection();
  for (const [index, when] of (["onHeader", "onMessage"] as const).entries()) {
    const id = 1 + 2 * index;
    const call = new TestCall(connection, "bidiStream");
    const before = call[when].bind(call) as (...args: unknown[]) => void;
    call[when] = (...args: unknown[]) => {
      before(...args);
      cancel(call);
    };
    await requestOn(peer, id);
    peer.send(responseHeader(id), data(id, Buffer.concat([one, one])), trailers(id));
    await expect.poll(() => call.headers.length).toBe(1);
    await delay(20);
    expect(call.texts).toEqual(when === "onMessage" ? ["one"] : []);
    await expectSilence(call);
  }
});

// Responses that are complete before their request.

test("the stream ends with its response: the client resets the rest of the request unless the server does", async () => {
  const { peer, connection } = await rawConnection();
  const call = new TestCall(connection, "bidiStream");
  call.stream.send(one, true);
  await requestOn(peer, 1);
  peer.send(responseHeader(1), trailers(1, "5"));
  expect((await call.ended).status.code).toBe(Code.NOT_FOUND);
  await peer.streamEnd(1);
  expect(framesOf(peer, 1)).toEqual(["headers", "data", "rstStream 0"]);
  const reset = new TestCall(connection, "bidiStream");
  await requestOn(peer, 3);
  peer.send(Buffer.concat([responseHeader(3), trailers(3), rstStream(3, 0)]));
  expect((await reset.ended).status.code).toBe(Code.OK);
  await sync(peer);
  expect(framesOf(peer, 3)).toEqual(["headers"]);
});

test("a stream with a blocked or unfinished compressed request also ends with its response", async () => {
  const { peer, connection } = await rawConnection({ settings: [[setting.initialWindowSize, 1000]] });
  const waits = new TestCall(connection, "unary", { request: Buffer.alloc(100_000) });
  const compresses = new TestCall(connection, "unary", { request: Buffer.alloc(3_000_000), compression: "gzip" });
  await requestOn(peer, 3);
  for (const [index, call] of [waits, compresses].entries()) {
    const id = 1 + 2 * index;
    peer.send(responseHeader(id), data(id, one), trailers(id));
    expect((await call.ended).status.code).toBe(Code.OK);
    await expect.poll(() => framesOf(peer, id).at(-1)).toBe("rstStream 0");
  }
  await delay(100);
  for (const id of [1, 3]) expect(framesOf(peer, id).filter((frame) => frame.includes("END_STREAM"))).toEqual([]);
  expect(connection.calls).toBe(0);
});

test("a faulty response resets its stream", async () => {
  const { peer, connection } = await rawConnection({}, { limits: { maxReceiveMessageBytes: 2 } });
  const call = new TestCall(connection, "bidiStream");
  await requestOn(peer, 1);
  peer.send(responseHeader(1), data(1, one));
  expect((await call.ended).status.code).toBe(Code.RESOURCE_EXHAUSTED);
  await sync(peer);
  expect(framesOf(peer, 1)).toEqual(["headers", "rstStream 8"]);
  expect(peer.frames.filter(({ kind }) => kind === type.goaway)).toEqual([]);
});
