import { once } from "node:events";
import { connect as connectHttp2, createServer as createHttp2Server, type Http2Server, type OutgoingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import { toBinary } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { RequestSchema } from "../../test/gen/test_pb.js";
import { connect, failureOf, start, startServer, until } from "../../test/harness.ts";
import { Code, type Compression, RpcError, wasCompressed } from "../index.ts";

const text = "a".repeat(10_000);
const megabyte = 1024 * 1024;

/** A server that reports which requests arrived compressed, and compresses on demand. */
const telling = {
  unary: (request: object) => ({ text, count: wasCompressed(request) ? 1 : 0 }),
  async *bidiStream(requests: AsyncIterable<object>) {
    for await (const request of requests) yield { count: wasCompressed(request) ? 1 : 0 };
  },
};

interface RawResponse {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Sends frames as they are, and half-closes. */
async function callRaw(address: string, path: string, headers: OutgoingHttpHeaders, body: Buffer): Promise<RawResponse> {
  const session = connectHttp2(`http://${address}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": `/test.v1.TestService/${path}`,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  let received: Record<string, unknown> = {};
  let trailers: Record<string, unknown> = {};
  const chunks: Buffer[] = [];
  stream.on("response", (headers) => {
    received = headers;
  });
  stream.on("trailers", (headers) => {
    trailers = headers;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", () => {});
  stream.end(body);
  await once(stream, "close");
  return { headers: received, trailers: "grpc-status" in received ? received : trailers, body: Buffer.concat(chunks) };
}

function frame(bytes: Uint8Array, flag: number): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

const request = (size = 10_000) =>
  toBinary(RequestSchema, { $typeName: "test.v1.Request", text: "", count: 0, data: new Uint8Array(size) });

/** The flags of the messages in a body. */
function flagsOf(body: Buffer): number[] {
  const flags: number[] = [];
  for (let at = 0; at < body.length; at += 5 + body.readUInt32BE(at + 1)) flags.push(body.readUInt8(at));
  return flags;
}

/** A foreign server that answers every call with a header and a body. */
async function serveRaw(headers: OutgoingHttpHeaders, body: Buffer, seen?: (headers: object, body: Buffer) => void): Promise<string> {
  const server: Http2Server = createHttp2Server();
  server.on("stream", (stream, requestHeaders) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      seen?.(requestHeaders, Buffer.concat(chunks));
      stream.respond({ ":status": 200, "content-type": "application/grpc", ...headers }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.each(["gzip", "deflate"] as const)("%s", (compression) => {
  test("a client compresses on demand, and the server sees it", async () => {
    const { client } = await start(telling);
    expect((await client.unary({ text }, { compression })).count).toBe(1);
    expect((await client.unary({ text })).count).toBe(0);
    expect((await client.unary({ text }, { compression: "identity" })).count).toBe(0);
  });

  test("a server compresses on demand, and the client sees it", async () => {
    const { client } = await start({
      unary: ({ count }, context) => {
        if (count > 0) context.compression = compression;
        return { text };
      },
    });
    const [plain, compressed] = [await client.unary({}), await client.unary({ count: 1 })];
    expect(compressed.text).toBe(text);
    expect(wasCompressed(compressed)).toBe(true);
    expect(wasCompressed(plain)).toBe(false);
  });
});

test("a client chooses compression for each request of a stream", async () => {
  const { client } = await start(telling);
  const call = client.bidiStream({ compression: "gzip" });
  const counts: (number | undefined)[] = [];
  for (const compress of [true, false, undefined]) {
    await call.send({ text }, compress === undefined ? {} : { compress });
    counts.push((await call.recv())?.count);
  }
  call.closeSend();
  expect(counts).toEqual([1, 0, 1]);
});

test("a handler chooses compression for each response of a stream", async () => {
  const { client } = await start({
    async *serverStream(_request, context) {
      context.compression = "gzip";
      for (context.compress of [false, true, false]) yield { text };
    },
  });
  const compressed: boolean[] = [];
  for await (const response of client.serverStream({})) compressed.push(wasCompressed(response));
  expect(compressed).toEqual([false, true, false]);
});

test("the option compression of a server compresses all responses", async () => {
  const { client } = await start(
    { unary: () => ({ text }), clientStream: async () => ({ text }), serverStream: () => [{ text }], bidiStream: () => [{ text }] },
    { compression: "gzip" },
  );
  expect(wasCompressed(await client.unary({}))).toBe(true);
  expect(wasCompressed(await client.clientStream([]))).toBe(true);
  for await (const response of client.serverStream({})) expect(wasCompressed(response)).toBe(true);
  for await (const response of client.bidiStream([])) expect(wasCompressed(response)).toBe(true);
});

test("a message that compression does not shrink is sent uncompressed", async () => {
  const { client } = await start({ unary: (request) => ({ count: wasCompressed(request) ? 1 : 0 }) }, { compression: "gzip" });
  const response = await client.unary({ text: "a" }, { compression: "gzip" });
  expect(response.count).toBe(0);
  expect(wasCompressed(response)).toBe(false);
});

test.each([
  ["gzip", "gzip", [1]],
  ["identity, deflate, gzip", "gzip", [1]],
  ["identity,deflate", "identity", [0]],
  [undefined, "identity", [0]],
])("gzip for a caller that accepts %s is sent as %s", async (accepted, encoding, flags) => {
  const { address } = await startServer({ unary: () => ({ text }) }, { compression: "gzip" });
  const header = accepted === undefined ? {} : { "grpc-accept-encoding": accepted };
  const { headers, body, trailers } = await callRaw(address, "Unary", header, frame(new Uint8Array(), 0));
  expect(headers["grpc-encoding"] ?? "identity").toBe(encoding);
  expect(flagsOf(body)).toEqual(flags);
  expect(trailers["grpc-status"]).toBe("0");
});

test("after the header is sent, a handler cannot change the compression", async () => {
  const { address } = await startServer({
    unary(_request, context) {
      context.sendHeader();
      context.compression = "gzip";
      return { text };
    },
  });
  const { body } = await callRaw(address, "Unary", { "grpc-accept-encoding": "gzip" }, frame(new Uint8Array(), 0));
  expect(flagsOf(body)).toEqual([0]);
});

test("metadata of the caller does not choose the compression", async () => {
  const seen: Record<string, unknown>[] = [];
  const address = await serveRaw({}, frame(new Uint8Array(), 0), (headers) => seen.push(headers as Record<string, unknown>));
  await connect(address).unary({ text }, { metadata: { "grpc-encoding": "gzip" } });
  expect(seen[0]).not.toHaveProperty("grpc-encoding");
  expect(seen[0]).not.toHaveProperty("grpc-internal-encoding-request");
});

test.each([
  ["gzip", 1],
  ["identity, deflate, gzip", 1],
  ["identity,deflate", 0],
])("a client whose server accepts %s continues with the gzip flag %i", async (accepted, flag) => {
  const flags: (number | undefined)[] = [];
  const address = await serveRaw({ "grpc-accept-encoding": accepted }, frame(new Uint8Array(), 0), (_headers, body) => flags.push(body[0]));
  const client = connect(address);
  for (let call = 0; call < 2; call++) await client.unary({ text }, { compression: "gzip" });
  expect(flags).toEqual([1, flag]);
});

test("an unknown compression fails before anything is sent", async () => {
  const { client } = await start(telling);
  const failure = await failureOf(client.unary({ text }, { compression: "br" as Compression }));
  expect(failure).toMatchObject({ code: Code.INVALID_ARGUMENT });
  expect(failure).toBeInstanceOf(RpcError);
});

describe("a server rejects", () => {
  const gzip = { "grpc-encoding": "gzip" };
  const bombs = { gzip: gzipSync(request(64 * megabyte)), deflate: deflateSync(request(64 * megabyte)) };

  test.each(["gzip", "deflate"] as const)("a message of a few kilobytes that inflates to more than its limit (%s)", async (encoding) => {
    let handled = 0;
    const { address } = await startServer({ unary: () => ({ count: ++handled }) });
    expect(bombs[encoding].length).toBeLessThan(100_000);
    const { trailers } = await callRaw(address, "Unary", { "grpc-encoding": encoding }, frame(bombs[encoding], 1));
    expect(trailers["grpc-status"]).toBe(String(Code.RESOURCE_EXHAUSTED));
    expect(handled).toBe(0);
  });

  test("a message over its own limit, and accepts one within it", async () => {
    const { address } = await startServer({ unary: () => ({}) }, { limits: { maxReceiveMessageBytes: 1000 } });
    const send = async (size: number) =>
      (await callRaw(address, "Unary", gzip, frame(gzipSync(new Uint8Array(request(size - 3))), 1))).trailers;
    expect((await send(1000))["grpc-status"]).toBe("0");
    expect((await send(1001))["grpc-status"]).toBe(String(Code.RESOURCE_EXHAUSTED));
  });

  test("a decompression bomb in a stream, and other calls continue", async () => {
    const { address, client } = await start({
      async clientStream(requests) {
        let count = 0;
        for await (const _ of requests) count++;
        return { count };
      },
    });
    const { trailers } = await callRaw(address, "ClientStream", gzip, Buffer.concat([frame(request(10), 0), frame(bombs.gzip, 1)]));
    expect(trailers["grpc-status"]).toBe(String(Code.RESOURCE_EXHAUSTED));
    expect((await client.clientStream([{}, {}])).count).toBe(2);
  });

  test.each([0, 1])("an unknown encoding, whether used or not (flag %i), and names the supported ones", async (flag) => {
    const { address } = await startServer(telling);
    const { trailers } = await callRaw(address, "Unary", { "grpc-encoding": "zstd" }, frame(request(), flag));
    expect(trailers).toMatchObject({ "grpc-status": String(Code.UNIMPLEMENTED), "grpc-accept-encoding": "identity,deflate,gzip" });
  });

  test.each([
    ["a flag without an encoding", {}, frame(gzipSync(request()), 1)],
    ["a flag with the encoding identity", { "grpc-encoding": "identity" }, frame(gzipSync(request()), 1)],
    ["a flag that is neither 0 nor 1", gzip, frame(gzipSync(request()), 2)],
    ["invalid gzip", gzip, frame(request(), 1)],
    ["half of a gzip", gzip, frame(gzipSync(request()).subarray(0, 20), 1)],
  ])("%s with INTERNAL", async (_what, headers, body) => {
    const { address } = await startServer(telling);
    const { trailers } = await callRaw(address, "Unary", headers, body);
    expect(trailers["grpc-status"]).toBe(String(Code.INTERNAL));
  });
});

describe("a client rejects", () => {
  test("a response that decompresses to more than its limit", async () => {
    const address = await serveRaw({ "grpc-encoding": "gzip" }, frame(gzipSync(request(64 * megabyte)), 1));
    expect(await failureOf(connect(address).unary({}))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  });

  test.each([
    ["a flag without an encoding", {}, frame(gzipSync(request()), 1)],
    ["an unknown encoding", { "grpc-encoding": "zstd" }, frame(request(), 1)],
    ["invalid gzip", { "grpc-encoding": "gzip" }, frame(request(), 1)],
  ])("%s with INTERNAL", async (_what, headers, body) => {
    const address = await serveRaw(headers, body);
    expect(await failureOf(connect(address).unary({}))).toMatchObject({ code: Code.INTERNAL });
  });
});

test("a handler learns that its call has ended while a response is being compressed", async () => {
  let left = false;
  const { client } = await start({
    async *serverStream(_request, context) {
      context.compression = "gzip";
      try {
        for (;;) yield { data: Buffer.alloc(megabyte) };
      } finally {
        left = true;
      }
    },
  });
  for await (const _ of client.serverStream({})) break;
  await until(() => left);
});
