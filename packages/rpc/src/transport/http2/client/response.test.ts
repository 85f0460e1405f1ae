// The content and the end of responses, with servers of node:http2 and of frames.
import type { OutgoingHttpHeaders } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { block, response } from "../../../../../http2/test/raw/hpack.ts";
import { dialTo, TestCall, type TestCallOptions } from "../../../../test/attempts.ts";
import { frame, peerServer } from "../../../../test/http2-peer.ts";
import {
  continuation,
  data,
  flag,
  headers,
  message,
  rawConnection,
  requestOn,
  responseHeader,
  rstStream,
  trailers,
} from "../../../../test/raw-server.ts";
import { Code } from "../../../protocol/code.ts";

const grpc = { ":status": 200, "content-type": "application/grpc" };

/** A server that sends a header, pieces of a body, and trailers. */
const sends = (
  pieces: readonly (Uint8Array | string)[],
  trailer: OutgoingHttpHeaders = { "grpc-status": "0" },
  header: OutgoingHttpHeaders = {},
) =>
  peerServer((stream) => {
    stream.resume();
    stream.respond({ ...grpc, ...header }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailer));
    for (const piece of pieces) stream.write(piece);
    stream.end();
  });

/** A server that sends a single header list. */
const sendsOnly = (header: OutgoingHttpHeaders) =>
  peerServer((stream) => {
    stream.resume();
    stream.respond(header, { endStream: true });
  });

async function call(target: string, kind: "unary" | "serverStream" = "serverStream", options: TestCallOptions = {}, limits = {}) {
  const opened = new TestCall(await dialTo(target, { limits }), kind, options);
  await opened.ended;
  return opened;
}

const one = frame(Buffer.from("one"));
const two = frame(Buffer.from("two"));

// Messages.

test("messages arrive complete, in pieces of any size", async () => {
  const bytes = Buffer.concat([one, frame(), two, frame(Buffer.alloc(300, "x")), frame()]);
  for (const size of [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 300, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
    const { texts, end, headers } = await call(await sends(pieces));
    expect(texts).toEqual(["one", "", "two", "x".repeat(300), ""]);
    expect(headers).toEqual([undefined]);
    expect(end).toEqual({ status: { code: Code.OK, message: "", metadata: undefined }, progress: "processed", pushback: undefined });
  }
});

test.each([
  ["in the prefix", [one, two.subarray(0, 3)]],
  ["after the prefix", [one, two.subarray(0, 5)]],
  ["in the message", [one, two.subarray(0, 6)]],
  ["in a piece with a complete one", [Buffer.concat([one, two.subarray(0, 6)])]],
  ["in a message with a large announced length", [one, frame(Buffer.alloc(10), 0, 1000)]],
])("a response that ends %s fails with INTERNAL, after the messages before it", async (_, pieces) => {
  const target = await sends(pieces);
  const text = "the response ended in the middle of a message";
  const stream = await call(target);
  expect(stream.texts).toEqual(["one"]);
  expect(stream.end?.status).toMatchObject({ code: Code.INTERNAL, message: text });
  for (const pulls of [1, 2]) {
    const unary = await call(target, "unary", { pulls });
    expect(unary.end?.status).toMatchObject({ code: Code.INTERNAL, message: text });
  }
  // The server's own status takes precedence.
  expect((await call(await sends(pieces, { "grpc-status": "5" }))).end?.status).toMatchObject({ code: Code.NOT_FOUND });
});

test("a second response of a unary call fails with UNIMPLEMENTED", async () => {
  for (const pieces of [[one, two], [Buffer.concat([one, two])], [one.subarray(0, 4), one.subarray(4), two]]) {
    const { end, texts } = await call(await sends(pieces), "unary", { pulls: 1 });
    expect(texts).toEqual(["one"]);
    expect(end?.status).toMatchObject({
      code: Code.UNIMPLEMENTED,
      message: "/test.v1.TestService/Unary got more than one response",
    });
  }
  const { end } = await call(await sends([one, two], { "grpc-status": "5" }), "unary", { pulls: 1 });
  expect(end?.status.code).toBe(Code.NOT_FOUND);
});

test("the only response and the status wait for the pull", async () => {
  const opened = new TestCall(await dialTo(await sends([one])), "unary", { pulls: 0 });
  await delay(50);
  expect(opened.end).toBeUndefined();
  opened.stream.pull();
  await opened.ended;
  expect(opened.texts).toEqual(["one"]);
  expect((await call(await sends([]), "unary", { pulls: 0 })).end?.status.code).toBe(Code.OK);
});

test("delivers only what was pulled, and then the status", async () => {
  const opened = new TestCall(await dialTo(await sends([Buffer.concat([one, two, one]), two])), "serverStream", { pulls: 2 });
  await delay(50);
  expect(opened.texts).toEqual(["one", "two"]);
  opened.stream.pull();
  opened.stream.pull();
  expect(opened.texts).toEqual(["one", "two", "one", "two"]);
  await opened.ended;
  expect(opened.end?.status.code).toBe(Code.OK);
  const failed = new TestCall(await dialTo(await sends([one, two], { "grpc-status": "5" })), "serverStream", { pulls: 0 });
  await delay(50);
  for (let pulls = 0; pulls < 3; pulls++) failed.stream.pull();
  expect(failed.texts).toEqual(["one", "two"]);
  expect(failed.end?.status.code).toBe(Code.NOT_FOUND);
});

test.each([
  [
    "a compressed message without an encoding",
    frame(gzipSync("x"), 1),
    {},
    Code.INTERNAL,
    /is compressed, and its grpc-encoding names no compression$/,
  ],
  ["a compressed message with identity", frame(gzipSync("x"), 1), { "grpc-encoding": "identity" }, Code.INTERNAL, /names no compression$/],
  [
    "an unknown encoding",
    frame(Buffer.from("x"), 1),
    { "grpc-encoding": "zstd" },
    Code.INTERNAL,
    /is compressed by "zstd", which is not supported$/,
  ],
  ["an unknown encoding that no message uses", frame(Buffer.from("x")), { "grpc-encoding": "zstd" }, Code.INTERNAL, /"zstd"/],
  ["an invalid flag", frame(Buffer.from("x"), 2), {}, Code.INTERNAL, /has the flag 2, which is neither 0 nor 1$/],
  ["invalid gzip", frame(Buffer.from("x"), 1), { "grpc-encoding": "gzip" }, Code.INTERNAL, /is not valid gzip$/],
  ["half a gzip", frame(gzipSync("x".repeat(99)).subarray(0, 20), 1), { "grpc-encoding": "gzip" }, Code.INTERNAL, /is not valid gzip$/],
  [
    "a decompression bomb",
    frame(gzipSync(Buffer.alloc(1e6)), 1),
    { "grpc-encoding": "gzip" },
    Code.RESOURCE_EXHAUSTED,
    /decompresses to more bytes than the limit, 5000$/,
  ],
  [
    "a message over the limit",
    frame(Buffer.alloc(5001)),
    {},
    Code.RESOURCE_EXHAUSTED,
    /^a message of \/test.v1.TestService\/\w+ has 5001 bytes, and the limit is 5000$/,
  ],
  [
    "a length over the limit",
    frame(Buffer.alloc(1), 0, 2 ** 32 - 1),
    {},
    Code.RESOURCE_EXHAUSTED,
    /has 4294967295 bytes, and the limit is 5000$/,
  ],
] as const)("%s fails the call, and the messages before it are delivered", async (_, bytes, header, code, text) => {
  const limits = { maxReceiveMessageBytes: 5000 };
  const plain = "grpc-encoding" in header && header["grpc-encoding"] === "zstd" ? [] : [one];
  for (const pieces of [[...plain, bytes], [Buffer.concat([...plain, bytes])]]) {
    const { end, texts } = await call(await sends(pieces, undefined, header), "serverStream", {}, limits);
    expect(end?.status).toMatchObject({ code, message: expect.stringMatching(text) });
    expect(texts).toEqual(plain.length === 0 ? [] : ["one"]);
  }
  const unary = await call(await sends([bytes], undefined, header), "unary", { pulls: 1 }, limits);
  expect(unary.end?.status).toMatchObject({ code, message: expect.stringMatching(text) });
});

test("a repeated grpc-encoding is not supported", async () => {
  const { end } = await call(await sends([one], undefined, { "grpc-encoding": ["gzip", "gzip"] }));
  expect(end?.status).toMatchObject({ code: Code.INTERNAL, message: expect.stringContaining('"gzip, gzip", which is not supported') });
});

test("compressed and uncompressed messages keep their order and their flag", async () => {
  const big = Buffer.alloc(1e6, "big");
  const pieces = [frame(gzipSync(big), 1), one, frame(gzipSync("small"), 1), two];
  const { texts, compressed, end } = await call(await sends(pieces, undefined, { "grpc-encoding": "gzip" }));
  expect(texts).toEqual([big.toString(), "one", "small", "two"]);
  expect(compressed).toEqual([true, false, true, false]);
  expect(end?.status.code).toBe(Code.OK);
});

test("a message as large as the limit is accepted, and any with the limit Infinity", async () => {
  const bytes = frame(Buffer.alloc(5000));
  for (const [pieces, limit] of [
    [[bytes], 5000],
    [[Buffer.alloc(0), bytes.subarray(0, 9), bytes.subarray(9)], 5000],
    [[frame(Buffer.alloc(5e6))], Infinity],
  ] as const) {
    const { messages, end } = await call(await sends(pieces), "unary", {}, { maxReceiveMessageBytes: limit });
    expect(end?.status.code).toBe(Code.OK);
    expect(messages).toHaveLength(1);
  }
});

// Metadata.

test("metadata has no HTTP and protocol fields, separate values, and decoded bytes", async () => {
  const header = {
    "x-one": "1",
    "x-many": ["a", "b"],
    "x-bin": "AQI",
    "x-some-bin": ["AQ==,Ag", "Aw"],
    date: "now",
    "grpc-encoding": "gzip",
    "grpc-x": "1",
  };
  const trailer = { "grpc-status": "5", "grpc-message": "gone", "x-trailer": ["c", "d"], "grpc-status-details-bin": "CAU", "grpc-x": "2" };
  const { headers, end } = await call(await sends([], trailer, header));
  const [metadata] = headers;
  expect([...(metadata?.keys() ?? [])].sort()).toEqual(["x-bin", "x-many", "x-one", "x-some-bin"]);
  expect(metadata?.get("x-one")).toBe("1");
  expect(metadata?.getAll("x-many")).toEqual(["a", "b"]);
  expect(metadata?.getBytes("x-bin")).toEqual(Buffer.from([1, 2]));
  expect(metadata?.getAllBytes("x-some-bin")).toEqual([Buffer.from([1]), Buffer.from([2]), Buffer.from([3])]);
  expect([...(end?.status.metadata?.keys() ?? [])].sort()).toEqual(["grpc-status-details-bin", "x-trailer"]);
  expect(end?.status.metadata?.getAll("x-trailer")).toEqual(["c", "d"]);
});

test("changes to received metadata do not affect the next call", async () => {
  const connection = await dialTo(await sends([one], { "grpc-status": "0", "x-t": "1" }, { "x-h": "1" }));
  for (let round = 0; round < 3; round++) {
    const opened = new TestCall(connection, "unary");
    const { status } = await opened.ended;
    expect([opened.headers[0]?.getAll("x-h"), status.metadata?.getAll("x-t")]).toEqual([["1"], ["1"]]);
    opened.headers[0]?.set("x-h", "2").set("x-new", "3");
    status.metadata?.delete("x-t");
  }
});

test("a trailers-only response has no header", async () => {
  const { headers, end } = await call(await sendsOnly({ ...grpc, "grpc-status": "5", "grpc-message": "gone", "x-a": "b" }));
  expect(headers).toEqual([]);
  expect(end?.status).toMatchObject({ code: Code.NOT_FOUND, message: "gone" });
  expect(end?.status.metadata?.get("x-a")).toBe("b");
});

// Status.

test.each(["0", "1", "16"])("the grpc-status %s", async (code) => {
  expect((await call(await sends([], { "grpc-status": code }))).end?.status.code).toBe(Number(code));
});

test.each(["17", "99", "-1", "", "abc", "0x0", "0.0", "00", "0 0", "999999999999", "1e1"])(
  "the grpc-status %j is UNKNOWN, and the message quotes it",
  async (code) => {
    const { status } = (await call(await sends([], { "grpc-status": code }))).end ?? {};
    expect(status).toMatchObject({ code: Code.UNKNOWN, message: `the server sent the grpc-status ${JSON.stringify(code)}` });
    const said = (await call(await sends([], { "grpc-status": code, "grpc-message": "its own" }))).end?.status;
    expect(said).toMatchObject({ code: Code.UNKNOWN, message: "its own" });
  },
);

test.each([
  ["0", "0"],
  ["0", "5"],
  ["5", "0"],
])("the grpc-status %j followed by %j is UNKNOWN, and the message quotes both", async (first, second) => {
  const { end } = await call(await sends([one], { "grpc-status": [first, second] }), "unary");
  expect(end?.status).toMatchObject({ code: Code.UNKNOWN, message: `the server sent the grpc-status "${first}, ${second}"` });
});

test.each([
  ["plain", "plain"],
  ["%20two%20%20spaces%20", " two  spaces "],
  ["what?#frag&a=b%25", "what?#frag&a=b%"],
  ["%E4%BD%A0%F0%9F%98%80%00%0A", "你😀\0\n"],
  ["100%", "100%"],
  ["%zz%4", "%zz%4"],
  ["%ff%C3", "\ufffd\ufffd"],
  ["", ""],
])("the grpc-message %j is decoded to %j", async (sent, text) => {
  expect((await call(await sends([], { "grpc-status": "5", "grpc-message": sent }))).end?.status.message).toBe(text);
});

test("unencoded bytes of a grpc-message are decoded as UTF-8 if they are valid", async () => {
  const { peer, connection } = await rawConnection();
  const opened = new TestCall(connection, "unary");
  await requestOn(peer, 1);
  peer.send(responseHeader(1), trailers(1, "5", [["grpc-message", Buffer.from("für%20dich").toString("latin1")]]));
  expect((await opened.ended).status.message).toBe("für dich");
  const plain = new TestCall(connection, "unary");
  await requestOn(peer, 3);
  peer.send(responseHeader(3), trailers(3, "5", [["grpc-message", Buffer.from("für dich").toString("latin1")]]));
  expect((await plain.ended).status.message).toBe("für dich");
});

test("spaces at the ends of a grpc-message are kept, encoded or not; those of metadata are removed", async () => {
  const { peer, connection } = await rawConnection();
  const opened = new TestCall(connection, "unary");
  await requestOn(peer, 1);
  peer.send(
    responseHeader(1, [["x-header", " a b "]]),
    trailers(1, "5", [
      ["grpc-message", "  gone? "],
      ["x-trailer", " "],
    ]),
  );
  expect((await opened.ended).status.message).toBe("  gone? ");
  expect(opened.headers[0]?.getAll("x-header")).toEqual(["a b"]);
  expect(opened.end?.status.metadata?.getAll("x-trailer")).toEqual([""]);
});

test("a response without a grpc-status is UNKNOWN", async () => {
  const expected = { code: Code.UNKNOWN, message: "/test.v1.TestService/ServerStream ended without a status" };
  expect((await call(await sends([one], { "x-a": "b" }))).end?.status).toMatchObject(expected);
  expect((await call(await sendsOnly(grpc))).end?.status).toMatchObject(expected);
  const target = await peerServer((stream) => {
    stream.respond(grpc);
    stream.end(one);
  });
  const { texts, end } = await call(target);
  expect(texts).toEqual(["one"]);
  expect(end?.status).toMatchObject(expected);
});

test("the pushback of a server is passed on unchanged", async () => {
  expect((await call(await sends([], { "grpc-status": "14", "grpc-retry-pushback-ms": "50" }))).end?.pushback).toBe("50");
  expect((await call(await sendsOnly({ ...grpc, "grpc-status": "14", "grpc-retry-pushback-ms": "-1" }))).end?.pushback).toBe("-1");
  expect((await call(await sends([], { "grpc-status": "14" }))).end?.pushback).toBeUndefined();
});

// Responses that are not gRPC.

test.each([
  [400, Code.INTERNAL],
  [401, Code.UNAUTHENTICATED],
  [403, Code.PERMISSION_DENIED],
  [404, Code.UNIMPLEMENTED],
  [418, Code.UNKNOWN],
  [429, Code.UNAVAILABLE],
  [500, Code.UNKNOWN],
  [502, Code.UNAVAILABLE],
  [503, Code.UNAVAILABLE],
  [504, Code.UNAVAILABLE],
  [200, Code.UNKNOWN],
  [204, Code.UNKNOWN],
])("HTTP status %i without gRPC is mapped to a status code", async (status, code) => {
  const path = "/test.v1.TestService/ServerStream";
  const withBody = await peerServer((stream) => {
    stream.respond({ ":status": status, "content-type": "text/html; charset=utf-8" });
    stream.end(status === 204 ? undefined : "<h1>Bad\n\t gateway</h1>");
  });
  const { end, headers } = await call(withBody);
  expect(end?.status).toMatchObject({
    code,
    message: `the response to ${path} is not gRPC: HTTP status ${status} with the content type "text/html; charset=utf-8"${status === 204 ? "" : ": <h1>Bad gateway</h1>"}`,
  });
  expect(headers).toEqual([]);
  const bare = await call(await sendsOnly({ ":status": status }));
  expect(bare.end?.status).toMatchObject({
    code,
    message: `the response to ${path} is not gRPC: HTTP status ${status} without a content type`,
  });
  // "If a grpc-status was provided, it must be used."
  const own = await sendsOnly({ ":status": status, "content-type": "application/grpc", "grpc-status": "9", "grpc-message": "own" });
  expect((await call(own)).end?.status).toMatchObject({ code: Code.FAILED_PRECONDITION, message: "own" });
  if (status === 204) return;
  const later = await sends([], { "grpc-status": "9" }, { ":status": status });
  expect((await call(later)).end?.status.code).toBe(Code.FAILED_PRECONDITION);
});

test.each(["text/plain", "application/json", "application/grpc-web", "application/grpcx", "application/grpc-web+proto"])(
  "the content type %s is not gRPC, whatever the trailers say",
  async (type) => {
    const { end, texts } = await call(await sends([one], { "grpc-status": "0" }, { "content-type": type }));
    expect(end?.status).toMatchObject({
      code: Code.UNKNOWN,
      message: expect.stringContaining(`HTTP status 200 with the content type "${type}"`),
    });
    expect(texts).toEqual([]);
    const only = await call(await sendsOnly({ ":status": 200, "content-type": type, "grpc-status": "0" }));
    expect(only.end?.status).toMatchObject({ code: Code.UNKNOWN, message: expect.stringContaining(`"${type}"`) });
  },
);

test.each(["application/grpc+proto", "application/grpc;charset=utf-8", "application/grpc+json", "Application/GRPC"])(
  "the content type %s is gRPC",
  async (type) => {
    expect((await call(await sends([one], undefined, { "content-type": type }))).end?.status.code).toBe(Code.OK);
  },
);

test("the message quotes the start of a text body, and an endless or large body is reset", async () => {
  let reset = 0;
  const answers = (type: string, write: (stream: import("node:http2").ServerHttp2Stream) => void) =>
    peerServer((stream) => {
      stream.resume().on("close", () => reset++);
      stream.respond({ ":status": 503, "content-type": type });
      write(stream);
    });
  const start = performance.now();
  const open = await call(await answers("text/plain", (stream) => stream.write("please wait")));
  expect(open.end?.status.message).toMatch(/: please wait$/);
  expect(performance.now() - start).toBeLessThan(5_000);
  const large = await call(await answers("text/plain", (stream) => stream.write("x".repeat(1e6))));
  expect(large.end?.status.message).toMatch(/: x{200}…$/);
  const binary = await call(await answers("application/octet-stream", (stream) => stream.end("x\0y")));
  expect(binary.end?.status.message).toMatch(/with the content type "application\/octet-stream"$/);
  await expect.poll(() => reset).toBe(3);
});

test("a reset after a foreign header does not hide the response", async () => {
  const { peer, connection } = await rawConnection();
  const opened = new TestCall(connection, "bidiStream");
  await requestOn(peer, 1);
  peer.send(headers(1, response({ ":status": "502" }, [["content-type", "text/plain"]]), 4), data(1, "down"), rstStream(1, 0));
  expect((await opened.ended).status).toMatchObject({
    code: Code.UNAVAILABLE,
    message: expect.stringMatching(/HTTP status 502 .*: down$/),
  });
});

test("1xx responses are skipped", async () => {
  const { peer, connection } = await rawConnection();
  const opened = new TestCall(connection, "unary");
  await requestOn(peer, 1);
  peer.send(headers(1, response({ ":status": "103" }), 4), headers(1, response({ ":status": "100" }), 4));
  peer.send(responseHeader(1), data(1, message(Buffer.from("m"))), trailers(1));
  expect((await opened.ended).status.code).toBe(Code.OK);
  expect(opened.headers).toHaveLength(1);
});

test("invalid HTTP/2 in a response is INTERNAL, and a header that is too large is RESOURCE_EXHAUSTED", async () => {
  const { peer, connection } = await rawConnection();
  const answer = async (stream: number, ...frames: Buffer[]) => {
    const opened = new TestCall(connection, "unary");
    await requestOn(peer, stream);
    peer.send(...frames);
    return (await opened.ended).status;
  };
  const invalid = {
    code: Code.INTERNAL,
    message: expect.stringMatching(/^the response of \/test\.v1\.TestService\/Unary is not valid HTTP\/2: /),
  };
  expect(await answer(1, data(1, one))).toMatchObject(invalid);
  expect(await answer(3, responseHeader(3, [["Upper", "case"]]))).toMatchObject(invalid);
  expect(await answer(5, responseHeader(5, [["connection", "close"]]))).toMatchObject(invalid);
  const fields = Array.from({ length: 900 }, (_, index) => [`x-${index}`, "v".repeat(50)] as const);
  const large = block([["grpc-status", "0"], ...fields]);
  const parts = [large.subarray(0, 16_000), large.subarray(16_000, 32_000), large.subarray(32_000, 48_000), large.subarray(48_000)];
  const frames = parts.map((part, index) =>
    index === 0 ? headers(7, part, flag.endStream) : continuation(7, part, index === 3 ? flag.endHeaders : 0),
  );
  expect(await answer(7, responseHeader(7), ...frames)).toMatchObject({
    code: Code.RESOURCE_EXHAUSTED,
    message: expect.stringMatching(/^the response of \S+ is too large: the peer's header list exceeds/),
  });
  // The connection stays open.
  expect(await answer(9, responseHeader(9), data(9, one), trailers(9))).toMatchObject({ code: Code.OK });
});

test("a status takes precedence over a reset that follows it", async () => {
  const { peer, connection } = await rawConnection();
  const opened = new TestCall(connection, "bidiStream");
  await requestOn(peer, 1);
  peer.send(responseHeader(1), data(1, one), trailers(1, "5"), rstStream(1, 8));
  expect((await opened.ended).status.code).toBe(Code.NOT_FOUND);
});
