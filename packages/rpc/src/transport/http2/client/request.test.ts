// Requests on the wire, with servers of node:http2 and of frames.

import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http2";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { gunzipSync, inflateSync } from "node:zlib";
import { expect, onTestFinished, test, vi } from "vitest";
import { dialerFor, dialTo, statusOf, TestCall, type TestCallOptions } from "../../../../test/attempts.ts";
import { frame, peerServer } from "../../../../test/http2-peer.ts";
import { framesOf, rawConnection, requestOn, responseHeader, setting, trailers, type, windowUpdate } from "../../../../test/raw-server.ts";
import { Code } from "../../../protocol/code.ts";
import { Metadata } from "../../../protocol/metadata.ts";
import { steadyNow } from "../../../steady-clock.ts";

interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A server that records its requests, and answers OK once a request is complete. */
async function recorder(header: Record<string, string> = {}) {
  const seen: Seen[] = [];
  const target = await peerServer((stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      seen.push({ headers, body: Buffer.concat(chunks) });
      stream.respond({ ":status": 200, "content-type": "application/grpc", ...header }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(frame());
    });
  });
  return { target, seen };
}

/** Parses the messages of a body: flags and bytes. */
function messagesOf(body: Buffer) {
  const messages: { readonly flag: number; readonly bytes: Buffer }[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    messages.push({ flag: body.readUInt8(at), bytes: body.subarray(at + 5, end) });
    at = end;
  }
  return messages;
}

async function headersOf(options: TestCallOptions, dialOptions = {}): Promise<IncomingHttpHeaders> {
  const { target, seen } = await recorder();
  expect(await statusOf(await dialTo(target, dialOptions), "unary", options)).toMatchObject({ code: Code.OK });
  return seen[0]?.headers ?? {};
}

test("a request has the fields of the protocol, and no others", async () => {
  expect(Object.fromEntries(Object.entries(await headersOf({}, { authority: "shop.example" })))).toEqual({
    ":method": "POST",
    ":scheme": "http",
    ":path": "/test.v1.TestService/Unary",
    ":authority": "shop.example",
    te: "trailers",
    "content-type": "application/grpc",
    "user-agent": expect.stringMatching(/^grpc-study\/\d+\.\d+\.\d+ node\/\d+\.\d+\.\d+$/),
    "grpc-accept-encoding": "identity,deflate,gzip",
  });
});

test("the authority of a call overrides that of the channel", async () => {
  expect(await headersOf({ authority: "other.example" })).toMatchObject({ ":authority": "other.example" });
});

test("a retry sends the number of earlier attempts", async () => {
  expect(await headersOf({ previousAttempts: 2 })).toMatchObject({ "grpc-previous-rpc-attempts": "2" });
  expect(await headersOf({})).not.toHaveProperty("grpc-previous-rpc-attempts");
});

test.each([
  [1_500, "m", 1],
  [99_999_999, "m", 1],
  [3_600_000_000, "S", 1_000],
  [8e15, "H", 3_600_000],
] as const)("a timeout of %d ms is sent in the unit %s", async (ms, unit, unitMs) => {
  const { "grpc-timeout": sent } = await headersOf({ deadline: Date.now() + ms });
  const [, digits, sentUnit] = /^(\d{1,8})(\w)$/.exec(String(sent)) ?? [];
  expect(sentUnit).toBe(unit);
  const most = Math.min(Math.ceil(ms / unitMs), 99_999_999);
  expect(Number(digits)).toBeLessThanOrEqual(most);
  expect(Number(digits)).toBeGreaterThan(most - 1 - 1_000 / unitMs);
});

test("a timeout is sent as at least 1 ms, and a call past its deadline is not sent", async () => {
  const { target, seen } = await recorder();
  const connection = await dialTo(target);
  const clock = vi.spyOn(performance, "now").mockReturnValue(performance.now());
  onTestFinished(() => clock.mockRestore());
  const soon = statusOf(connection, "unary", { deadline: steadyNow() + 0.25 });
  const over = new TestCall(connection, "unary", { deadline: steadyNow() });
  clock.mockRestore();
  expect(await over.ended).toMatchObject({
    status: {
      code: Code.DEADLINE_EXCEEDED,
      message: "deadline exceeded: /test.v1.TestService/Unary had no time left before it was sent",
    },
    progress: "processed",
  });
  expect(await soon).toMatchObject({ code: Code.OK });
  expect(await statusOf(connection, "bidiStream", { deadline: 0 })).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  expect(seen.map(({ headers }) => headers["grpc-timeout"])).toEqual(["1m"]);
});

test("metadata is sent with separate values and base64 bytes, without protocol fields", async () => {
  const metadata = new Metadata({
    "x-one": "1",
    "x-many": ["a", "b"],
    "x-bin": [new Uint8Array([1]), new Uint8Array([2, 3])],
    "x-empty": "",
    "grpc-trace-bin": new Uint8Array([9]),
    "grpc-encoding": "gzip",
    "grpc-accept-encoding": "br",
    "grpc-previous-rpc-attempts": "7",
    "grpc-status": "5",
    host: "elsewhere",
    "user-agent": "mine",
  });
  const headers = await headersOf({ metadata });
  expect(headers).toMatchObject({ "x-one": "1", "x-many": "a, b", "x-bin": "AQ, AgM", "x-empty": "", "grpc-trace-bin": "CQ" });
  expect(headers["user-agent"]).toMatch(/^grpc-study/);
  expect(headers["grpc-accept-encoding"]).toBe("identity,deflate,gzip");
  expect(headers).not.toHaveProperty("grpc-encoding");
  expect(headers).not.toHaveProperty("grpc-previous-rpc-attempts");
  expect(headers).not.toHaveProperty("grpc-status");
  expect(headers).not.toHaveProperty("host");
  // The metadata of the caller does not change.
  expect(metadata.size).toBe(11);
});

test("an invalid request ends the call, and the connection stays open", async () => {
  const { target, seen } = await recorder();
  const connection = await dialTo(target);
  for (const options of [{ authority: "sh op\r\n" }, { authority: "user@shop" }]) {
    expect(await new TestCall(connection, "unary", options).ended).toMatchObject({
      status: { code: Code.INVALID_ARGUMENT, message: expect.stringMatching(/^\/test\.v1\.TestService\/Unary cannot be sent: /) },
      progress: "processed",
    });
  }
  expect(await statusOf(connection, "unary")).toMatchObject({ code: Code.OK });
  expect(seen).toHaveLength(1);
  expect(connection.calls).toBe(0);
});

test("a header over the server's limit ends the call with RESOURCE_EXHAUSTED, and the connection stays open", async () => {
  const { peer, connection } = await rawConnection({ settings: [[setting.maxHeaderListSize, 1000]] });
  const status = await statusOf(connection, "unary", { metadata: new Metadata({ "x-large": "x".repeat(1000) }) });
  expect(status).toMatchObject({
    code: Code.RESOURCE_EXHAUSTED,
    message: expect.stringMatching(/cannot be sent: a header list of \d+ octets exceeds the server's limit of 1000/),
  });
  const next = statusOf(connection, "unary");
  await requestOn(peer, 1);
  peer.send(responseHeader(1), trailers(1));
  expect(await next).toMatchObject({ code: Code.OK });
});

test("the only request takes one frame with END_STREAM, and a long one is not copied", async () => {
  const { peer, connection } = await rawConnection({ settings: [[setting.initialWindowSize, 2 ** 24]] });
  peer.send(windowUpdate(0, 2 ** 24));
  const request = Buffer.alloc(100_000, "x");
  const calls = [
    new TestCall(connection, "unary"),
    new TestCall(connection, "serverStream", { request }),
    new TestCall(connection, "unary", { request: Buffer.alloc(0) }),
  ];
  await expect.poll(() => framesOf(peer, 3).at(-1)).toBe("data END_STREAM");
  expect(framesOf(peer, 1)).toEqual(["headers", "data END_STREAM"]);
  expect(framesOf(peer, 5)).toEqual(["headers", "data END_STREAM"]);
  const body = Buffer.concat(peer.frames.filter(({ kind, stream }) => kind === type.data && stream === 3).map(({ payload }) => payload));
  expect(messagesOf(body)).toEqual([{ flag: 0, bytes: request }]);
  for (const [index, call] of calls.entries()) {
    peer.send(responseHeader(index * 2 + 1), trailers(index * 2 + 1));
    expect((await call.ended).status.code).toBe(Code.OK);
  }
});

test("requests of a stream arrive in order and complete, before the half-close", async () => {
  const { target, seen } = await recorder();
  const call = new TestCall(await dialTo(target), "clientStream");
  const requests = [Buffer.from("one"), Buffer.alloc(0), Buffer.alloc(200_000, "large"), Buffer.from("two")];
  for (const request of requests) call.stream.send(request, true);
  call.stream.halfClose();
  expect((await call.ended).status.code).toBe(Code.OK);
  expect(messagesOf(seen[0]?.body ?? Buffer.alloc(0))).toEqual(requests.map((bytes) => ({ flag: 0, bytes })));
});

test("a request over the limit resets the call, and a unary call is not sent at all", async () => {
  const { peer, connection } = await rawConnection({}, { limits: { maxSendMessageBytes: 10 } });
  const status = { code: Code.RESOURCE_EXHAUSTED, message: "a request has 11 bytes, and maxSendMessageBytes is 10" };
  const unary = new TestCall(connection, "unary", { request: Buffer.alloc(11) });
  const call = new TestCall(connection, "bidiStream");
  expect(call.stream.send(Buffer.alloc(10), true)).toBe(true);
  call.stream.send(Buffer.alloc(11), true);
  expect(call.end).toBeUndefined();
  expect(await call.status).toMatchObject(status);
  expect(await unary.status).toMatchObject(status);
  await peer.streamEnd(1);
  expect(framesOf(peer, 1)).toEqual(["headers", "data", "rstStream 8"]);
  expect(framesOf(peer, 3)).toEqual([]);
});

test("send() returns false without room, and onDrain follows, until the stream ends", async () => {
  const { peer, connection } = await rawConnection({ settings: [[setting.initialWindowSize, 1000]] });
  const call = new TestCall(connection, "bidiStream");
  expect(call.stream.send(Buffer.alloc(500), true)).toBe(true);
  expect(call.stream.send(Buffer.alloc(500), true)).toBe(false);
  await requestOn(peer, 1);
  expect(call.drains).toBe(0);
  peer.send(windowUpdate(1, 10));
  await expect.poll(() => call.drains).toBe(1);
  expect(call.stream.send(Buffer.alloc(500), true)).toBe(false);
  peer.send(responseHeader(1), trailers(1, "5"));
  expect((await call.ended).status.code).toBe(Code.NOT_FOUND);
  expect(call.stream.send(Buffer.alloc(500), true)).toBe(true);
});

test("a call that waits for room learns of the end of its stream, even with unread responses", async () => {
  const { peer, connection } = await rawConnection({ settings: [[setting.initialWindowSize, 1000]] });
  const call = new TestCall(connection, "bidiStream", { pulls: 0 });
  expect(call.stream.send(Buffer.alloc(5000), true)).toBe(false);
  await requestOn(peer, 1);
  peer.send(responseHeader(1), Buffer.concat([]), trailersAfter(1));
  await expect.poll(() => call.drains).toBe(1);
  expect(call.end).toBeUndefined();
  expect(call.stream.send(Buffer.alloc(5000), true)).toBe(true);
  call.stream.pull();
  expect(call.texts).toEqual(["m"]);
  call.stream.pull();
  expect((await call.ended).status.code).toBe(Code.OK);
});

/** Returns a response with one message. */
const trailersAfter = (stream: number) => Buffer.concat([dataFrame(stream), trailers(stream)]);
const dataFrame = (stream: number) => {
  const bytes = frame(Buffer.from("m"));
  const header = Buffer.alloc(9);
  header.writeUIntBE(bytes.length, 0, 3);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, bytes]);
};

// Compression.

const large = Buffer.alloc(100_000, "compressible");

test.each(["gzip", "deflate"] as const)(
  "%s: requests are compressed if that makes them smaller, and keep their order",
  async (compression) => {
    const { target, seen } = await recorder();
    const connection = await dialTo(target);
    expect(await statusOf(connection, "unary", { compression, request: large })).toMatchObject({ code: Code.OK });
    const call = new TestCall(connection, "clientStream", { compression });
    for (const request of [large, Buffer.from("a"), Buffer.from("plain".repeat(99)), large])
      call.stream.send(request, request.length !== 495);
    call.stream.halfClose();
    expect((await call.ended).status.code).toBe(Code.OK);
    const inflate = compression === "gzip" ? gunzipSync : inflateSync;
    const read = ({ body }: Seen) => messagesOf(body).map(({ flag, bytes }) => ({ flag, bytes: flag === 1 ? inflate(bytes) : bytes }));
    expect(seen.map(read)).toEqual([
      [{ flag: 1, bytes: large }],
      [
        { flag: 1, bytes: large },
        { flag: 0, bytes: Buffer.from("a") },
        { flag: 0, bytes: Buffer.from("plain".repeat(99)) },
        { flag: 1, bytes: large },
      ],
    ]);
    for (const { headers } of seen) expect(headers["grpc-encoding"]).toBe(compression);
  },
);

test.each([
  ["gzip", 1],
  ["identity, deflate, gzip", 1],
  ["identity,deflate", 0],
  [undefined, 1],
])("after a server announces that it accepts %s, the next calls and connections use the flag %i", async (accepted, flag) => {
  const { target, seen } = await recorder(accepted === undefined ? {} : { "grpc-accept-encoding": accepted });
  const dial = dialerFor(target);
  for (let calls = 0; calls < 2; calls++) await statusOf(await dial(), "unary", { compression: "gzip", request: large });
  expect(seen.map(({ body }) => body[0])).toEqual([1, flag]);
  expect(seen.map(({ headers }) => headers["grpc-encoding"])).toEqual(["gzip", flag === 1 ? "gzip" : undefined]);
});

test("a compression that the server rejects is not used again", async () => {
  const flags: unknown[] = [];
  const target = await peerServer((stream, headers) => {
    flags.push(headers["grpc-encoding"]);
    stream.resume();
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", "grpc-status": "12", "grpc-accept-encoding": "identity" },
      { endStream: true },
    );
  });
  const connection = await dialTo(target);
  for (let calls = 0; calls < 2; calls++) {
    expect(await statusOf(connection, "unary", { compression: "gzip", request: large })).toMatchObject({ code: Code.UNIMPLEMENTED });
  }
  expect(flags).toEqual(["gzip", undefined]);
});

test("a long compressed stream waits for room", async () => {
  const server = createServer({ settings: { initialWindowSize: 100 } }).on("stream", (stream) => void stream.on("error", () => {}).pause());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const call = new TestCall(await dialTo(`127.0.0.1:${(server.address() as AddressInfo).port}`), "clientStream", { compression: "gzip" });
  const random = () => Buffer.from(Array.from({ length: 30_000 }, () => Math.random() * 256));
  let sent = 0;
  while (call.stream.send(random(), true) && sent < 100) sent++;
  expect(sent).toBeLessThan(4);
  call.stream.cancel(Code.CANCELLED, "");
});
