// The rules for requests, tested with peers of node:http2 and with raw frames.
import { deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Decoder } from "../../../../../http2/src/hpack/decoder.ts";
import { code, type } from "../../../../../http2/test/raw/frames.ts";
import { until } from "../../../../test/harness.ts";
import { frame, Peer } from "../../../../test/http2-peer.ts";
import { callHeaders, dataFrame, ending, serve } from "../../../../test/served.ts";
import { Code } from "../../../protocol/code.ts";
import { Metadata } from "../../../protocol/metadata.ts";

const reply = Buffer.from("reply");

async function started(limits = {}) {
  const served = await serve(limits);
  served.onCall = ({ stream }) => stream.end(undefined, reply, false);
  return { served, peer: new Peer(`127.0.0.1:${served.port}`) };
}

test.each([
  ["not a POST", { ":method": "GET" }, { ":status": 405, "grpc-status": "13", allow: "POST" }],
  ["no content type", { "content-type": undefined }, { ":status": 415, "accept-post": "application/grpc, application/grpc+proto" }],
  ["JSON", { "content-type": "application/json" }, { ":status": 415 }],
  ["another codec", { "content-type": "application/grpc+json" }, { ":status": 415 }],
  ["gRPC-Web", { "content-type": "application/grpc-web" }, { ":status": 415 }],
  [
    "a timeout without a unit",
    { "grpc-timeout": "5" },
    { ":status": 200, "grpc-status": "13", "grpc-message": 'malformed grpc-timeout: "5"' },
  ],
  ["a timeout of nine digits", { "grpc-timeout": "123456789m" }, { ":status": 200, "grpc-status": "13" }],
  [
    "an unknown method",
    { ":path": "/test.v1.TestService/Nothing" },
    { ":status": 200, "grpc-status": "12", "grpc-message": "The server does not implement the method /test.v1.TestService/Nothing" },
  ],
  ["no time", { "grpc-timeout": "0m" }, { ":status": 200, "grpc-status": "4" }],
])("%s gets an error response, and no call begins", async (_, fields, expected) => {
  const { served, peer } = await started();
  const call = peer.call("Unary", fields as Record<string, string>);
  call.stream.end(frame());
  expect(await call.ended).toMatchObject(expected);
  expect(served.calls).toEqual([]);
  const next = peer.call("Unary");
  next.stream.end(frame());
  expect(await next.status()).toBe(Code.OK);
});

test.each([
  ["grpc-timeout", "5S", "1n", { "grpc-status": "13", "grpc-message": 'malformed grpc-timeout: "5S, 1n"' }],
  ["grpc-encoding", "gzip", "gzip", { "grpc-status": "12" }],
])("a repeated %s is malformed, whatever its values", async (name, first, second, expected) => {
  const { served, peer } = await started();
  const call = peer.call("Unary", { [name]: [first, second] });
  call.stream.end(frame());
  expect(await call.ended).toMatchObject({ ":status": 200, ...expected });
  expect(served.calls).toEqual([]);
});

test.each(["application/grpc", "application/grpc+proto", "application/grpc; charset=utf-8", "application/grpc+proto;x=y"])(
  "the content type %s is gRPC",
  async (contentType) => {
    const { peer } = await started();
    const call = peer.call("Unary", { "content-type": contentType });
    call.stream.end(frame());
    expect(await call.ended).toMatchObject({ "grpc-status": "0", "content-type": "application/grpc+proto" });
  },
);

const message = Buffer.from("a message that is compressed compressed compressed compressed");

test.each<[string, string, Record<string, string>, Buffer, Code, RegExp]>([
  ["no message", "Unary", {}, Buffer.alloc(0), Code.UNIMPLEMENTED, /^Received no request message for \/test/],
  ["a second message", "Unary", {}, Buffer.concat([frame(), frame()]), Code.UNIMPLEMENTED, /^Received a second request message for/],
  ["a second message", "EarlyUnary", {}, Buffer.concat([frame(), frame()]), Code.UNIMPLEMENTED, /^Received a second request message for/],
  ["half a message", "Unary", {}, frame(message).subarray(0, 20), Code.INTERNAL, /ended in the middle of a message/],
  ["half a prefix", "Unary", {}, Buffer.alloc(3), Code.INTERNAL, /ended in the middle of a message/],
  ["a flag of 2", "Unary", {}, frame(message, 2), Code.INTERNAL, /the flag 2, which is neither 0 nor 1/],
  ["a flag without an encoding", "Unary", {}, frame(gzipSync(message), 1), Code.INTERNAL, /grpc-encoding names no compression/],
  ["an unknown encoding", "Unary", { "grpc-encoding": "zstd" }, frame(message), Code.UNIMPLEMENTED, /compressed with "zstd"/],
  ["invalid gzip", "Unary", { "grpc-encoding": "gzip" }, frame(message, 1), Code.INTERNAL, /not valid gzip/],
  ["a message over the limit", "Unary", {}, frame(Buffer.alloc(101)), Code.RESOURCE_EXHAUSTED, /larger than max \(101 vs 100\)/],
  [
    "a message that decompresses to more than the limit",
    "Unary",
    { "grpc-encoding": "gzip" },
    frame(gzipSync(Buffer.alloc(10_000)), 1),
    Code.RESOURCE_EXHAUSTED,
    /decompresses to more than 100 bytes/,
  ],
])("%s for %s ends the call, and the connection stays open", async (_, method, fields, body, status, words) => {
  const { served, peer } = await started({ maxReceiveMessageBytes: 100 });
  served.onCall = ({ stream }) => stream.pull();
  const call = peer.call(method, fields);
  call.stream.end(body);
  const ended = await call.ended;
  expect(ended["grpc-status"]).toBe(String(status));
  expect(decodeURIComponent(String(ended["grpc-message"]))).toMatch(words);
  expect(ended["grpc-accept-encoding"]).toBe("identity,deflate,gzip");
  if (method === "Unary") expect(served.calls).toEqual([]);
  else expect(served.calls[0]?.events).toEqual([`cancel ${status}`]);
  served.onCall = ({ stream }) => stream.end(undefined, reply, false);
  const next = peer.call("Unary");
  next.stream.end(frame());
  expect(await next.status()).toBe(Code.OK);
});

test.each([
  ["gzip", gzipSync(message)],
  ["deflate", deflateSync(message)],
])("a %s request arrives, with and without the flag, among other calls", async (encoding, compressed) => {
  const { served, peer } = await started();
  const unary = peer.call("Unary", { "grpc-encoding": encoding });
  unary.stream.end(frame(compressed, 1));
  expect(await unary.status()).toBe(Code.OK);
  expect(served.calls[0]).toMatchObject({ messages: [message], events: ["compressed"] });
  served.onCall = ({ stream }) => {
    for (let pulls = 0; pulls < 4; pulls++) stream.pull();
  };
  const stream = peer.call("ClientStream", { "grpc-encoding": encoding });
  stream.stream.end(Buffer.concat([frame(compressed, 1), frame(message), frame(compressed, 1)]));
  await until(() => served.calls[1]?.events.includes("half-close") === true);
  expect(served.calls[1]?.messages).toEqual([message, message, message]);
  const size = message.length;
  expect(served.calls[1]?.events).toEqual([`message ${size} compressed`, `message ${size}`, `message ${size} compressed`, "half-close"]);
});

test("metadata has no HTTP and protocol fields, and several values stay separate, including joined bytes", async () => {
  const { served } = await started();
  const peer = await served.client();
  const bytes = [Buffer.from([1, 2, 3]), Buffer.from([255]), Buffer.from([7, 8])];
  peer.send(
    callHeaders(1, "Unary", { "grpc-timeout": "10S", "grpc-encoding": "identity", "grpc-accept-encoding": "gzip" }, 4, [
      ["x-a", "1"],
      ["x-a", "2, 3"],
      ["x-b-bin", `${bytes[0]?.toString("base64")},${bytes[1]?.toString("base64").replace(/=+/, "")}`],
      ["x-b-bin", bytes[2]?.toString("base64") ?? ""],
      ["accept-encoding", "gzip"],
      ["grpc-previous-rpc-attempts", "2"],
    ]),
    dataFrame(1, frame(), true),
  );
  await peer.streamEnd(1);
  const { metadata, deadline } = served.calls[0]?.stream ?? {};
  expect([...(metadata?.keys() ?? [])]).toEqual(["user-agent", "x-a", "x-b-bin", "grpc-previous-rpc-attempts"]);
  expect(metadata?.getAll("x-a")).toEqual(["1", "2, 3"]);
  expect(metadata?.getAllBytes("x-b-bin")).toEqual(bytes);
  expect(Number(deadline) - Date.now()).toBeGreaterThan(5_000);
  expect(Number(deadline) - Date.now()).toBeLessThanOrEqual(10_000);
});

test("each call has its own metadata, even if a client repeats its header list", async () => {
  const { served } = await started();
  const peer = await served.client();
  peer.send(...[1, 3].map((stream) => Buffer.concat([callHeaders(stream, "Unary", { "x-a": "1" }), dataFrame(stream, frame(), true)])));
  await peer.streamEnd(3);
  served.calls[0]?.stream.metadata.set("x-a", "changed");
  expect(served.calls[1]?.stream.metadata.get("x-a")).toBe("1");
});

test("header fields over a limit end only their call with RESOURCE_EXHAUSTED", async () => {
  const { served } = await started({ maxMetadataPairs: 20, maxMetadataBytes: 2_000 });
  const peer = await served.client();
  const statusOf = async (stream: number) => {
    const answer = await peer.next(({ kind, stream: id }) => kind === type.headers && id === stream, "a response");
    const payload = answer?.payload ?? Buffer.alloc(0);
    return decoder.decode(payload, 0, payload.length, 65_536);
  };
  const decoder = new Decoder({ maxTableSize: 4096 });
  peer.send(
    callHeaders(
      1,
      "Unary",
      {},
      5,
      Array.from({ length: 20 }, (_, index) => [`x-${index}`, ""] as const),
    ),
  );
  const pairs = await statusOf(1);
  expect([pairs?.status, pairs?.get("grpc-status"), pairs?.get("grpc-message")]).toEqual([
    200,
    "8",
    "the request has 27 header fields, and limits.maxMetadataPairs is 20",
  ]);
  peer.send(callHeaders(3, "Unary", { "x-large": "x".repeat(3_000) }));
  const bytes = await statusOf(3);
  expect([bytes?.status, bytes?.get("grpc-status"), bytes?.get("content-type")]).toEqual([431, "8", "application/grpc"]);
  peer.send(callHeaders(5), dataFrame(5, frame(), true));
  expect(await ending(peer, 5)).toEqual(["headers", "data", "headers END_STREAM"]);
  expect(served.calls).toHaveLength(1);
});

test("protocol fields that a handler or an error sets are not sent", async () => {
  const { served, peer } = await started();
  const own = new Metadata({ "x-mine": "1" });
  for (const name of ["grpc-status", "grpc-message", "content-type", "connection", "te", "grpc-encoding"]) own.receive(name, "9");
  served.onCall = ({ stream }) => {
    stream.sendHeader(own, "identity");
    stream.end({ code: Code.ABORTED, message: "no", metadata: own }, undefined, false);
  };
  const late = peer.call("Unary");
  late.stream.end(frame());
  expect(await late.ended).toMatchObject({
    "x-mine": "1",
    "grpc-status": "10",
    "grpc-message": "no",
    "content-type": "application/grpc+proto",
  });
  served.onCall = ({ stream }) => stream.end({ code: Code.ABORTED, message: "no", metadata: own }, undefined, false);
  const only = peer.call("Unary");
  only.stream.end(frame());
  expect(await only.ended).toMatchObject({ "x-mine": "1", "grpc-status": "10", "grpc-message": "no" });
  expect(await only.ended).not.toHaveProperty("te");
});

test.each(["  spaces at both ends  ", "100%? #", "Ωλ👩‍👩‍👧", "\u0000\u001f\u007f", "a,b;c", "\ud800"])(
  "the message %j arrives unchanged",
  async (text) => {
    const { served, peer } = await started();
    served.onCall = ({ stream }) => stream.end({ code: Code.ABORTED, message: text, metadata: undefined }, undefined, false);
    const call = peer.call("Unary");
    call.stream.end(frame());
    expect(decodeURIComponent(String((await call.ended)["grpc-message"]))).toBe(text.toWellFormed());
  },
);

test("a request that is late ends with DEADLINE_EXCEEDED after bodyTimeoutMs; a stream may be silent between messages", async () => {
  const { served, peer } = await started({ bodyTimeoutMs: 100 });
  served.onCall = ({ stream }) => stream.pull();
  const silent = peer.call("Unary");
  const begun = peer.call("Unary");
  begun.stream.write(frame(message).subarray(0, 9));
  const stuck = peer.call("ClientStream");
  stuck.stream.write(frame(message).subarray(0, 9));
  const waiting = peer.call("ClientStream");
  waiting.stream.write(frame(message));
  for (const call of [silent, begun, stuck]) {
    expect(await call.ended).toMatchObject({ "grpc-status": "4", "grpc-message": "the request did not arrive within 100 ms" });
  }
  expect(served.calls.map(({ events }) => events)).toEqual([["cancel 4"], [`message ${message.length}`]]);
  expect(waiting.stream.closed).toBe(false);
});

test("trailers end a request", async () => {
  const { served } = await started();
  const peer = await served.client();
  peer.send(callHeaders(1), dataFrame(1, frame(message)), callTrailers(1));
  expect(await ending(peer, 1)).toEqual(["headers", "data", "headers END_STREAM"]);
  expect(served.calls[0]?.messages).toEqual([message]);
});

const callTrailers = (stream: number): Buffer => {
  // One literal field, x: y.
  const block = Buffer.from([0, 1, 0x78, 1, 0x79]);
  return Buffer.concat([Buffer.from([0, 0, block.length, type.headers, 5, 0, 0, 0, stream]), block]);
};

test("a peer that opens too many streams gets REFUSED_STREAM, and can retry", async () => {
  const { served } = await started({ maxConcurrentStreams: 2 });
  served.onCall = () => {};
  const peer = await served.client();
  peer.send(...[1, 3, 5].map((stream) => Buffer.concat([callHeaders(stream), dataFrame(stream, frame(), true)])));
  expect(await ending(peer, 5)).toEqual([`rstStream ${code.refusedStream}`]);
  expect(served.calls).toHaveLength(2);
});
