// Backpressure: unread requests stop their sender, and responses report when there is room.
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { data, flag, type, windowUpdate } from "../../../../../http2/test/raw/frames.ts";
import type { RawPeer } from "../../../../../http2/test/raw/peer.ts";
import { until } from "../../../../test/harness.ts";
import { frame, heldMib, Peer } from "../../../../test/http2-peer.ts";
import { callHeaders, dataFrame, ending, type Served, serve } from "../../../../test/served.ts";
import type { ServerLimits } from "../../../limits/limits.ts";
import { Code } from "../../../protocol/code.ts";
import { Metadata } from "../../../protocol/metadata.ts";

const one = frame(Buffer.from("1"));
const mib = 2 ** 20;

/** The credit for a stream beyond its first window. */
const credited = (peer: RawPeer, stream: number) =>
  peer.frames
    .filter((each) => each.kind === type.windowUpdate && each.stream === stream)
    .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);

test("delivers only what was pulled, also within open, and the half-close after the last request", async () => {
  const served = await serve();
  served.onCall = ({ stream }) => {
    stream.pull();
    stream.pull();
  };
  const peer = await served.client();
  peer.send(callHeaders(1, "ClientStream"), dataFrame(1, Buffer.concat([one, one, one, one]), true));
  await peer.ping();
  const call = served.calls[0];
  expect(call?.events).toEqual(["message 1", "message 1"]);
  call?.stream.pull();
  expect(call?.events).toHaveLength(3);
  call?.stream.pull();
  expect(call?.events).toEqual(["message 1", "message 1", "message 1", "message 1", "half-close"]);
});

test("a handler that pulls within onMessage gets all requests, one after another", async () => {
  const served = await serve();
  served.onCall = (call) => {
    const { onMessage } = call;
    call.onMessage = (message, compressed) => {
      onMessage.call(call, message, compressed);
      call.stream.pull();
    };
    call.stream.pull();
  };
  const peer = await served.client();
  const count = 20_000;
  peer.send(
    callHeaders(1, "ClientStream"),
    ...Array.from({ length: count / 1_000 }, () => dataFrame(1, Buffer.concat(Array(1_000).fill(one)))),
  );
  peer.send(dataFrame(1, Buffer.alloc(0), true));
  await until(() => served.calls[0]?.events.at(-1) === "half-close");
  expect(served.calls[0]?.messages).toHaveLength(count);
});

test("requests that are not pulled get no credit, including empty ones", async () => {
  for (const message of [frame(), frame(Buffer.alloc(1_000)), frame(Buffer.alloc(200_000))]) {
    const served = await serve({ streamWindowBytes: 65_535, maxWindowBytes: 1 });
    const peer = await served.client();
    peer.send(callHeaders(1, "ClientStream"));
    const body = Buffer.concat(Array(Math.ceil(65_535 / message.length)).fill(message)).subarray(0, 65_535);
    for (let at = 0; at < body.length; at += 16_384) peer.send(data(1, body.subarray(at, at + 16_384)));
    await peer.ping();
    expect(credited(peer, 1)).toBe(0);
    const call = served.calls[0];
    // The rest consists of complete messages.
    for (let pulls = 0; pulls < Math.max(1, Math.floor(65_535 / message.length)); pulls++) call?.stream.pull();
    await peer.ping("pulled");
    expect(credited(peer, 1)).toBeGreaterThan(40_000);
    expect(call?.messages).toHaveLength(Math.floor(65_535 / message.length));
  }
});

test("an unread stream does not block the others of its connection", async () => {
  const served = await serve();
  served.onCall = ({ stream }) => stream.end(undefined, Buffer.from("reply"), false);
  const peer = new Peer(`127.0.0.1:${served.port}`);
  served.onCall = () => {};
  const stuck = Array.from({ length: 30 }, () => peer.call("ClientStream"));
  for (const { stream } of stuck) stream.write(frame(Buffer.alloc(mib)));
  await until(() => served.calls.length === 30);
  served.onCall = ({ stream }) => stream.end(undefined, Buffer.from("reply"), false);
  for (let calls = 0; calls < 20; calls++) {
    const call = peer.call("Unary");
    call.stream.end(frame(Buffer.alloc(mib)));
    expect(await call.status()).toBe(Code.OK);
  }
});

test("the only request of an early call is delivered once it is complete", async () => {
  const served = await serve();
  served.onCall = ({ stream }) => stream.pull();
  const peer = await served.client();
  peer.send(callHeaders(1, "EarlyUnary"), dataFrame(1, one));
  await peer.ping();
  expect(served.calls[0]?.events).toEqual([]);
  peer.send(dataFrame(1, Buffer.alloc(0), true));
  await peer.ping("end");
  expect(served.calls[0]?.events).toEqual(["message 1", "half-close"]);
});

test.each([[[one]], [[one.subarray(0, 3), one.subarray(3)]], [[one, Buffer.alloc(0)]]])(
  "the only request waits for its pull if it arrives after the header, in the pieces %j",
  async (parts) => {
    const served = await serve();
    const peer = await served.client();
    peer.send(callHeaders(1, "EarlyUnary"));
    await peer.ping();
    const call = served.calls[0];
    expect(call?.events).toEqual([]);
    peer.send(...parts.map((part, index) => dataFrame(1, part, index === parts.length - 1)));
    await peer.ping("sent");
    expect(call?.events).toEqual([]);
    call?.stream.pull();
    expect(call?.events).toEqual(["message 1", "half-close"]);
  },
);

test.each([[[one.subarray(0, 3), one.subarray(3)]], [[one, Buffer.alloc(0)]], [[one.subarray(0, 3)]], [[one]], [[]]])(
  "an early call is opened at the end of the turn in which its header arrives, with the pieces %j",
  async (parts) => {
    const served = await serve();
    served.onCall = ({ stream }) => stream.pull();
    const peer = await served.client();
    peer.send(
      callHeaders(1, "EarlyUnary"),
      ...parts.map((part, index) => dataFrame(1, part, index === 1)),
      callHeaders(3, "EarlyUnary"),
      dataFrame(3, one, true),
    );
    await peer.ping();
    // A call with its request is opened first.
    expect(served.calls.map(({ messages }) => messages.length)).toEqual([1, parts.length === 2 ? 1 : 0]);
    expect(served.calls[0]?.events).toEqual([]);
    if (parts.length < 2) peer.send(dataFrame(1, parts[0] === one ? Buffer.alloc(0) : one.subarray(parts[0]?.length ?? 0), true));
    await peer.ping("rest");
    expect(served.calls[1]?.events).toEqual(["message 1", "half-close"]);
  },
);

test("a request that ends within a message cancels the call, after the messages before it", async () => {
  const served = await serve();
  served.onCall = ({ stream }) => stream.pull();
  const peer = await served.client();
  peer.send(callHeaders(1, "ClientStream"), dataFrame(1, Buffer.concat([one, one.subarray(0, 3)]), true));
  await peer.ping();
  expect(served.calls[0]?.events).toEqual(["message 1"]);
  served.calls[0]?.stream.pull();
  expect(served.calls[0]?.events).toEqual(["message 1", "cancel 13"]);
  expect(await ending(peer, 1)).toEqual(["headers END_STREAM"]);
});

test("send returns false without room, still queues the message, and onDrain follows", async () => {
  const served = await serve();
  const rooms: boolean[] = [];
  served.onCall = ({ stream }) => {
    for (let sends = 0; sends < 20; sends++) rooms.push(stream.send(Buffer.alloc(16_000), false));
  };
  const peer = await served.client();
  peer.send(callHeaders(1, "ServerStream"), dataFrame(1, frame(), true));
  await peer.ping();
  expect(rooms.slice(0, 4)).toEqual([true, true, true, true]);
  expect(rooms.slice(4)).toEqual(rooms.slice(4).map(() => false));
  expect(served.calls[0]?.events).toEqual([]);
  peer.send(windowUpdate(1, mib), windowUpdate(0, mib));
  await until(() => served.calls[0]?.events.includes("drain") === true);
  served.calls[0]?.stream.end(undefined, undefined, false);
  await peer.streamEnd(1);
  const bytes = peer.frames.filter(({ kind }) => kind === type.data).reduce((sum, { payload }) => sum + payload.length, 0);
  expect(bytes).toBe(20 * 16_005);
});

test("a thousand small messages sent together take few frames", async () => {
  const served = await serve();
  served.onCall = ({ stream }) => {
    for (let sends = 0; sends < 1_000; sends++) stream.send(Buffer.from([8, sends % 128]), false);
    stream.end(undefined, undefined, false);
  };
  const peer = await served.client();
  peer.send(callHeaders(1, "ServerStream"), dataFrame(1, frame(), true));
  expect(await ending(peer, 1)).toEqual(["headers", "data", "headers END_STREAM"]);
});

test("a unary response takes one write: header, message and trailers", async () => {
  const served = await serve();
  served.onCall = ({ stream }) => setTimeout(() => stream.end(undefined, Buffer.from("reply"), false));
  const peer = await served.client();
  const chunks: Buffer[] = [];
  peer.socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  peer.send(callHeaders(1), dataFrame(1, one, true));
  expect(await ending(peer, 1)).toEqual(["headers", "data", "headers END_STREAM"]);
  expect(chunks.filter((chunk) => chunk.includes("reply"))).toHaveLength(1);
  expect(chunks.find((chunk) => chunk.includes("reply"))?.[3]).toBe(type.headers);
});

test("compressed responses are sent in order among uncompressed ones, and before the status", async () => {
  const served = await serve();
  const texts = ["a".repeat(50_000), "b", "c".repeat(50_000), "d".repeat(10)];
  let room: boolean | undefined;
  served.onCall = ({ stream }) => {
    expect(stream.accepts("gzip")).toBe(true);
    expect(stream.accepts("deflate")).toBe(false);
    stream.sendHeader(new Metadata({ "x-header": "1" }), "gzip");
    for (const text of texts) room = stream.send(Buffer.from(text), text !== "b");
    stream.end({ code: Code.ABORTED, message: "that is all", metadata: undefined }, undefined, false);
  };
  const peer = new Peer(`127.0.0.1:${served.port}`);
  const call = peer.call("ServerStream", { "grpc-accept-encoding": "identity, gzip" });
  const chunks: Buffer[] = [];
  call.stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  call.stream.end(frame());
  expect(await call.ended).toMatchObject({ "grpc-encoding": "gzip", "x-header": "1", "grpc-status": "10", "grpc-message": "that is all" });
  expect(room).toBe(false);
  const body = Buffer.concat(chunks);
  const got: string[] = [];
  const flags: (number | undefined)[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    const bytes = body.subarray(at + 5, end);
    flags.push(body[at]);
    got.push((body[at] === 1 ? gunzipSync(bytes) : bytes).toString());
    at = end;
  }
  expect(got).toEqual(texts);
  // A message that compression does not shrink is sent uncompressed.
  expect(flags).toEqual([1, 0, 1, 0]);
});

test("a unary response can be compressed", async () => {
  const served = await serve();
  served.onCall = ({ stream }) => {
    stream.sendHeader(undefined, "gzip");
    stream.end(undefined, Buffer.alloc(10_000), true);
  };
  const peer = new Peer(`127.0.0.1:${served.port}`);
  const call = peer.call("Unary", { "grpc-accept-encoding": "gzip" });
  const chunks: Buffer[] = [];
  call.stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  call.stream.end(frame());
  expect(await call.ended).toMatchObject({ "grpc-encoding": "gzip", "grpc-status": "0" });
  expect(gunzipSync(Buffer.concat(chunks).subarray(5))).toEqual(Buffer.alloc(10_000));
});

test("large responses arrive complete, in a unary call and in a stream", async () => {
  const large = Buffer.alloc(3 * mib, "x");
  const served = await serve();
  served.onCall = ({ stream }) => stream.end(undefined, large, false);
  const peer = new Peer(`127.0.0.1:${served.port}`);
  const call = peer.call("Unary");
  const chunks: Buffer[] = [];
  call.stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  call.stream.end(frame());
  expect(await call.status()).toBe(Code.OK);
  expect(Buffer.concat(chunks).equals(frame(large))).toBe(true);
});

test("a response over maxSendMessageBytes ends the call with RESOURCE_EXHAUSTED", async () => {
  const served = await serve({ maxSendMessageBytes: 100 });
  served.onCall = ({ stream }) => stream.end(undefined, Buffer.alloc(101), false);
  const peer = new Peer(`127.0.0.1:${served.port}`);
  const unary = peer.call("Unary");
  unary.stream.end(frame());
  expect(await unary.ended).toMatchObject({ "grpc-status": "8", "grpc-message": "Sent message larger than max (101 vs. 100)" });
  served.onCall = ({ stream }) => {
    stream.send(Buffer.alloc(100), false);
    stream.send(Buffer.alloc(101), false);
    stream.send(Buffer.alloc(1), false);
  };
  const streaming = peer.call("ServerStream");
  streaming.stream.end(frame());
  expect(await streaming.ended).toMatchObject({ "grpc-status": "8" });
  expect(served.calls[1]?.events).toEqual(["cancel 8"]);
});

test("metadata over the client's SETTINGS_MAX_HEADER_LIST_SIZE is left out, and the status is sent", async () => {
  const served = await serve();
  const large = new Metadata({ "x-large": "x".repeat(2_000) });
  served.onCall = ({ stream }) => stream.end({ code: Code.ABORTED, message: "no", metadata: large }, undefined, false);
  const peer = await served.client({ settings: [[6, 1_000]] });
  peer.send(callHeaders(1), dataFrame(1, one, true));
  expect(await ending(peer, 1)).toEqual(["headers END_STREAM"]);
  served.onCall = ({ stream }) => stream.sendHeader(large, "identity");
  peer.send(callHeaders(3), dataFrame(3, one, true));
  expect(await ending(peer, 3)).toEqual(["headers END_STREAM"]);
});

test("many small messages for a slow reader take a window of memory, not an object each", async () => {
  const served = await serve({ maxWindowBytes: 1 });
  const peer = new Peer(`127.0.0.1:${served.port}`);
  const call = peer.call("ClientStream");
  const body = Buffer.concat(Array(10_000).fill(frame(Buffer.alloc(1))));
  call.stream.write(body);
  await until(() => served.calls.length === 1);
  const before = heldMib();
  for (let times = 0; times < 50; times++) call.stream.write(body);
  await peerIsBlocked(call.stream);
  // The peer has three megabytes in its own queue, as one buffer.
  expect(heldMib() - before).toBeLessThan(4);
});

test.each(["Unary", "EarlyUnary", "ServerStream", "ClientStream", "BidiStream"])(
  "%s: the client may send a requested message at once, up to maxWindowBytes, but not an unrequested one",
  async (method) => {
    const pulled = (served: Served) => {
      served.onCall = ({ stream }) => stream.pull();
    };
    const allowed = async (limits: Partial<ServerLimits>, prepare: (served: Served) => void = () => {}) => {
      const served = await serve({ streamWindowBytes: 65_535, ...limits });
      prepare(served);
      const peer = await served.client();
      const begun = frame(Buffer.alloc(1_000), 0, 2 * mib);
      peer.send(callHeaders(1, method), dataFrame(1, begun));
      expect(await peer.ping(), peer.transcript()).toBe(true);
      return credited(peer, 1) + 65_535 - begun.length;
    };
    const missing = 2 * mib - 1_000;
    expect(await allowed({}, pulled)).toBe(missing);
    expect(await allowed({ maxWindowBytes: mib }, pulled)).toBe(mib);
    expect(await allowed({ maxWindowBytes: 1 }, pulled)).toBeLessThanOrEqual(65_535);
    expect(await allowed({ maxReceiveMessageBytes: mib }, pulled)).toBeLessThanOrEqual(65_535);
    // The only request is always requested, unless the handler pulls it.
    if (/Early|Client|Bidi/.test(method)) expect(await allowed({})).toBeLessThanOrEqual(65_535);
  },
);

/** Resolves when no more frames are sent. */
async function peerIsBlocked(stream: { readonly writableLength: number }): Promise<void> {
  for (let last = -1; stream.writableLength !== last; await new Promise((resolve) => setTimeout(resolve, 100)))
    last = stream.writableLength;
}

test("DATA within padding, and END_STREAM alone", async () => {
  const served = await serve();
  served.onCall = ({ stream }) => stream.end(undefined, Buffer.from("reply"), false);
  const peer = await served.client();
  const padded = Buffer.concat([Buffer.of(10), one, Buffer.alloc(10)]);
  peer.send(callHeaders(1), data(1, padded, flag.padded), dataFrame(1, Buffer.alloc(0), true));
  expect(await ending(peer, 1)).toEqual(["headers", "data", "headers END_STREAM"]);
  expect(served.calls[0]?.messages).toEqual([Buffer.from("1")]);
});

test("a method that throws when its call opens at the end of the turn resets that call only", async () => {
  const served = await serve();
  const fault = new Error("the method fails");
  served.onCall = ({ stream }) => {
    if (stream.metadata.has("x-fail")) throw fault;
  };
  const peer = await served.client();
  peer.send(
    callHeaders(1, "EarlyUnary"),
    callHeaders(3, "ClientStream", { "x-fail": "1" }),
    callHeaders(5, "EarlyUnary", { "x-fail": "1" }),
    callHeaders(7, "BidiStream"),
  );
  expect(await peer.ping(), peer.transcript()).toBe(true);
  expect(served.errors).toEqual([fault, fault]);
  const resets = peer.frames.filter(({ kind }) => kind === type.rstStream);
  expect(resets.map(({ stream, payload }) => [stream, payload.readUInt32BE(0)])).toEqual([
    [3, 2],
    [5, 2],
  ]);
  // The calls beside them, and later ones, run.
  for (const { stream } of served.calls) if (!stream.metadata.has("x-fail")) stream.end(undefined, Buffer.from("reply"), false);
  expect(await peer.ping(), peer.transcript()).toBe(true);
  const headersOf = (stream: number) => peer.frames.filter((frame) => frame.kind === type.headers && frame.stream === stream);
  expect([1, 3, 5, 7].map((stream) => headersOf(stream).length)).toEqual([2, 0, 0, 2]);
  served.onCall = ({ stream }) => stream.end(undefined, Buffer.from("reply"), false);
  peer.send(callHeaders(9, "EarlyUnary"), dataFrame(9, one, true));
  expect(await ending(peer, 9)).toEqual(["headers", "data", "headers END_STREAM"]);
  // The calls that failed were opened once.
  expect(served.calls).toHaveLength(5);
});
