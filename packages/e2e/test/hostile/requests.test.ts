// Malformed requests: each ends with a status or a reset, and other calls are unaffected.
import { once } from "node:events";
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import { deflateRawSync, gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, createClient } from "@grpc-study/rpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SimpleRequestSchema } from "../../gen/grpc/testing/messages_pb.js";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { code, data, type Fields, flag, frame, goaway, headers, message, rstStream, settings, type } from "./frames.ts";
import { exceptOnGrpcJs } from "./grpc-js.ts";
import { callHeader, rawClient } from "./raw-client.ts";
import { codeOf, Target } from "./target.ts";

exceptOnGrpcJs();

const empty = "/grpc.testing.TestService/EmptyCall";
const unary = "/grpc.testing.TestService/UnaryCall";
const input = "/grpc.testing.TestService/StreamingInputCall";
const duplex = "/grpc.testing.TestService/FullDuplexCall";
const nothing = message(new Uint8Array());

let target: Target;
let session: ClientHttp2Session;

beforeAll(async () => {
  target = await Target.start();
  session = connect(`http://${target.address}`);
  await once(session, "remoteSettings");
  await target.recordBaseline();
});

afterAll(async () => {
  session.destroy();
  await target.expectUnharmed();
  await target[Symbol.asyncDispose]();
});

interface Answer {
  readonly http: number | undefined;
  readonly grpc: string | undefined;
  readonly message: string;
  readonly reset: number;
}

/** Sends a request with Node's http2, with any error that Node lets pass. */
async function ask(header: OutgoingHttpHeaders, body: Buffer | readonly Buffer[] = nothing, { end = true } = {}): Promise<Answer> {
  const basic = { ":method": "POST", ":path": empty, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request({ ...basic, ...header }, { endStream: false });
  let all: Readonly<Record<string, unknown>> = {};
  for (const event of ["response", "trailers"]) {
    stream.on(event, (headers) => {
      all = { ...all, ...headers };
    });
  }
  stream.on("error", () => {});
  stream.resume();
  for (const part of Buffer.isBuffer(body) ? [body] : body) stream.write(part);
  if (end) stream.end();
  await new Promise((resolve) => stream.once("close", resolve));
  return {
    http: all[":status"] === undefined ? undefined : Number(all[":status"]),
    grpc: all["grpc-status"] === undefined ? undefined : Code[Number(all["grpc-status"])],
    message: decodeURIComponent(String(all["grpc-message"] ?? "")),
    reset: stream.rstCode ?? -1,
  };
}

describe("a request that is not gRPC gets an HTTP status", { concurrent: false }, () => {
  test.each([
    "text/html",
    "application/json",
    "application/grpcx",
    "application/grpc+json",
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc+",
    "application",
    "",
  ])("content-type %j: 415", async (contentType) => {
    expect(await ask({ "content-type": contentType })).toMatchObject({ http: 415, grpc: undefined });
  });

  test.each(["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8", "application/grpc ; a=b"])(
    "content-type %j: served",
    async (contentType) => {
      expect(await ask({ "content-type": contentType })).toMatchObject({ http: 200, grpc: "OK" });
    },
  );

  test.each(["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "NONSENSE"])(":method %s: 405", async (method) => {
    expect(await ask({ ":method": method }, [], { end: true })).toMatchObject({ http: 405 });
  });

  test("a client that keeps sending after the response is ignored, and costs no memory", async () => {
    const answers = Array.from({ length: 500 }, () => ask({ "content-type": "text/plain" }, Buffer.alloc(4096), { end: false }));
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ http: 415, reset: code.noError });
    expect(await target.condition()).toMatchObject({ calls: 0, faults: [] });
  });
});

describe("headers", { concurrent: false }, () => {
  test("without te: served, as by grpc-go (te only detects proxies that drop trailers)", async () => {
    using client = await rawClient(target.address);
    client.write(
      headers(
        1,
        callHeader(empty).filter(([name]) => name !== "te"),
      ),
      data(1, nothing, flag.endStream),
    );
    expect(await client.outcome(1)).toBe("end");
    expect(client.frames.filter(({ kind }) => kind === type.data)).toHaveLength(1);
  });

  // RFC 9113, section 8.2.2: the only valid value of te is "trailers".
  const broken: readonly [string, Fields][] = [
    ["te with another value", [...callHeader(empty).filter(([name]) => name !== "te"), ["te", "gzip"]]],
    ["a repeated :path", [[":path", duplex], ...callHeader(empty)]],
    ["a repeated :method", [[":method", "GET"], ...callHeader(empty)]],
    ["a pseudo-header after the others", [...callHeader(empty), [":path", duplex]]],
    ["a pseudo-header that does not exist", [[":nonsense", "1"], ...callHeader(empty)]],
    ["a response's pseudo-header", [[":status", "200"], ...callHeader(empty)]],
    ["no :method", callHeader(empty).filter(([name]) => name !== ":method")],
    ["no :path", callHeader(empty).filter(([name]) => name !== ":path")],
    ["an empty :path", callHeader("")],
    ["a :path without a slash", callHeader(empty.slice(1))],
    ["a :path with a line break", callHeader(`${empty}\r\nx: y`)],
    ["upper case", callHeader(empty, [["X-Upper", "1"]])],
    ["a connection header", callHeader(empty, [["connection", "keep-alive"]])],
    ["transfer-encoding", callHeader(empty, [["transfer-encoding", "chunked"]])],
    ["a name with a space", callHeader(empty, [["a b", "1"]])],
    ["a name with NUL", callHeader(empty, [["a\0b", "1"]])],
    ["an empty header name", callHeader(empty, [["", "1"]])],
    ["NUL in a value", callHeader(empty, [["x", "a\0b"]])],
    ["a line feed in a value", callHeader(empty, [["x", "a\nb: c"]])],
    ["a carriage return in a value", callHeader(empty, [["x", "a\r\nb: c"]])],
  ];
  test.each(broken)("%s: the stream is reset, and the connection stays open", async (_, fields) => {
    using client = await rawClient(target.address);
    client.write(headers(1, fields), data(1, nothing, flag.endStream));
    expect([code.protocolError, "dropped"]).toContain(await outcomeOf(client));
    client.write(headers(3, callHeader(empty)), data(3, nothing, flag.endStream));
    expect(await client.outcome(3)).toBe("end");
  });

  /** The code of a reset, or "dropped" if the call was served without the invalid header. */
  async function outcomeOf(client: Awaited<ReturnType<typeof rawClient>>): Promise<unknown> {
    const outcome = await client.outcome(1);
    return outcome === "end" ? "dropped" : outcome;
  }

  test.each(["5", "-5S", "5s", "S", "+5S", "5.5S", "5 S", "123456789S", "0x5S", "5S5S", "1S, 2S", "٥S", "", "NaNS", "1e3S"])(
    "grpc-timeout %j: INTERNAL",
    async (timeout) => {
      const answer = await ask({ "grpc-timeout": Buffer.from(timeout).toString("latin1") });
      expect(answer).toMatchObject({ http: 200, grpc: "INTERNAL", message: expect.stringContaining("grpc-timeout") });
    },
  );

  // grpc-js 1.14 turns some of these into negative timeouts, so that the call ends before it
  // starts.
  test.each(["99999999H", "99999999M", "99999999S", "2147484S", "10000000S", "00000005S", "99999999m", "99999999u"])(
    "grpc-timeout %j: served",
    async (timeout) => {
      expect(await ask({ "grpc-timeout": timeout })).toMatchObject({ grpc: "OK" });
    },
  );

  test.each(["0S", "0n", "1n"])("grpc-timeout %j: OK or DEADLINE_EXCEEDED", async (timeout) => {
    expect(["OK", "DEADLINE_EXCEEDED"]).toContain((await ask({ "grpc-timeout": timeout })).grpc);
  });

  test.each([
    "/",
    "//",
    "/a",
    "/grpc.testing.TestService",
    `${empty}/`,
    `${empty}?a=b`,
    `/x${empty}`,
    "/__proto__",
    "/constructor/toString",
  ])(":path %j: UNIMPLEMENTED", async (path) => {
    expect(await ask({ ":path": path })).toMatchObject({ http: 200, grpc: "UNIMPLEMENTED", message: expect.stringContaining(path) });
  });

  test("a :path of bytes above ASCII, and one of 15 KB: UNIMPLEMENTED, with a short message", async () => {
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader("/\u00e9\u{1f600}%0a%")), data(1, nothing, flag.endStream));
    expect(["end", code.protocolError]).toContain(await client.outcome(1));
    const answer = await ask({ ":path": `/${"x".repeat(15_000)}` });
    expect(answer.grpc).toBe("UNIMPLEMENTED");
    expect(answer.message.length).toBeLessThan(400);
  });

  test("metadata above ASCII: served, or reset with PROTOCOL_ERROR", async () => {
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(empty, [["x-name", "\u00e9\u{1f600}"]])), data(1, nothing, flag.endStream));
    expect(["end", code.protocolError]).toContain(await client.outcome(1));
  });

  test.each(["!!!", "====", "a,b,c,,", "\u00ff".repeat(3)])("binary metadata that is not base64 (%j): served", async (value) => {
    expect(await ask({ "x-data-bin": value })).toMatchObject({ grpc: "OK" });
  });

  test("metadata over 32 KiB or more than 128 pairs: RESOURCE_EXHAUSTED; a client sends at most 60 KiB", async () => {
    expect(await ask({ "x-large": "x".repeat(30_000) })).toMatchObject({ grpc: "OK" });
    expect(await ask({ "x-large": "x".repeat(33_000) })).toMatchObject({ http: 431, grpc: "RESOURCE_EXHAUSTED" });
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${index}`, "1"]));
    expect(await ask(many)).toMatchObject({ http: 200, grpc: "RESOURCE_EXHAUSTED" });
    using client = createClient(TestService, target.address);
    const large = (bytes: number) =>
      codeOf(client.emptyCall({}, { metadata: { a: "x".repeat(bytes / 2), b: "x".repeat(bytes / 2) }, timeoutMs: 5_000 }));
    expect(await large(30_000)).toBe("OK");
    expect(await large(40_000)).toBe("RESOURCE_EXHAUSTED");
    // nghttp2 would close the connection at 64 KiB.
    expect(await large(90_000)).toBe("INVALID_ARGUMENT");
    expect(await large(10)).toBe("OK");
  });
});

describe("bodies", { concurrent: false }, () => {
  test.each([
    ["no message", [], "UNIMPLEMENTED"],
    ["two messages", [nothing, nothing], "UNIMPLEMENTED"],
    ["four bytes of a prefix", [nothing.subarray(0, 4)], "INTERNAL"],
    ["a message shorter than its length", [message(Buffer.alloc(10), 0, 11)], "INTERNAL"],
    ["a message and one more byte", [nothing, Buffer.alloc(1)], "INTERNAL"],
    ["a length of 4 GiB", [message(Buffer.alloc(10), 0, 2 ** 32 - 1)], "RESOURCE_EXHAUSTED"],
    ["a length of a byte over 4 MiB", [message(Buffer.alloc(10), 0, 2 ** 22 + 1)], "RESOURCE_EXHAUSTED"],
    ["a malformed message", [message(Buffer.from("ff".repeat(20), "hex"))], "INTERNAL"],
    ["a flag of 2", [message(new Uint8Array(), 2)], "INTERNAL"],
    ["a flag of 255", [message(new Uint8Array(), 255)], "INTERNAL"],
    ["a compressed message without grpc-encoding", [message(gzipSync(""), 1)], "INTERNAL"],
  ] as const)("unary: %s", async (_, body, status) => {
    expect(await ask({ ":path": unary }, body)).toMatchObject({ http: 200, grpc: status });
  });

  test.each([
    ["no message", [], "OK"],
    ["a message shorter than its length", [nothing, message(Buffer.alloc(10), 0, 11)], "INTERNAL"],
    ["a length of 4 GiB", [nothing, message(Buffer.alloc(10), 0, 2 ** 32 - 1)], "RESOURCE_EXHAUSTED"],
    ["a malformed message", [nothing, message(Buffer.from("ff".repeat(20), "hex"))], "INTERNAL"],
  ] as const)("client streaming: %s", async (_, body, status) => {
    expect(await ask({ ":path": input }, body)).toMatchObject({ http: 200, grpc: status });
  });

  test.each([
    ["an unknown compression", "br", message(Buffer.alloc(3), 1), "UNIMPLEMENTED"],
    ["an unknown compression, with an uncompressed message", "br", nothing, "UNIMPLEMENTED"],
    ["a repeated compression", "gzip, gzip", message(gzipSync(""), 1), "UNIMPLEMENTED"],
    ["data that is not gzip", "gzip", message(Buffer.from("nonsense"), 1), "INTERNAL"],
    ["truncated gzip data", "gzip", message(gzipSync(Buffer.alloc(1000)).subarray(0, 20), 1), "INTERNAL"],
    ["gzip data with a wrong checksum", "gzip", message(spoiled(gzipSync(Buffer.alloc(1000))), 1), "INTERNAL"],
    ["an empty gzip message", "gzip", message(new Uint8Array(), 1), "INTERNAL"],
    ["deflate without its header", "deflate", message(deflateRawSync("abc"), 1), "INTERNAL"],
    ["a bomb of 1 GiB in 1 MiB", "gzip", message(bomb(), 1), "RESOURCE_EXHAUSTED"],
  ] as const)("%s", async (_, encoding, body, status) => {
    await target.recordBaseline();
    expect(await ask({ ":path": unary, "grpc-encoding": encoding }, body)).toMatchObject({ grpc: status });
    await target.expectUnharmed({ left: 1 });
  });

  test("DATA in frames of one byte: OK, and 300,000 frames take little memory", async () => {
    using client = await rawClient(target.address);
    const request = message(toBinary(SimpleRequestSchema, create(SimpleRequestSchema, { payload: { body: new Uint8Array(300_000) } })));
    client.write(headers(1, callHeader(input)));
    await target.recordBaseline();
    // Omit the last byte, so that the server buffers the message. Send in steps smaller than the
    // window.
    for (let at = 0; at < request.length - 1; at += 16_384) {
      const bytes = [...request.subarray(at, Math.min(at + 16_384, request.length - 1))];
      client.write(...bytes.map((byte) => data(1, Buffer.of(byte))));
      await client.ping();
    }
    const { heldMib } = await target.condition();
    client.write(data(1, request.subarray(-1), flag.endStream));
    expect(await client.outcome(1)).toBe("end");
    expect(heldMib).toBeLessThan(60);
  });

  test("trailers, with and without messages before them: not read as messages", async () => {
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(input), flag.endHeaders | flag.endStream));
    expect(await client.outcome(1)).toBe("end");
    client.write(headers(3, callHeader(input)), data(3, nothing), headers(3, [["grpc-status", "0"]], flag.endHeaders | flag.endStream));
    expect(await client.outcome(3)).toBe("end");
    // Trailers must end a stream (RFC 9113, section 8.1).
    client.write(headers(5, callHeader(input)), data(5, nothing), headers(5, [["x", "y"]]));
    expect(await client.outcome(5)).not.toBe("end");
  });
});

describe("invalid frames", { concurrent: false }, () => {
  const wrong: readonly [string, readonly Buffer[]][] = [
    ["DATA on stream 0", [data(0, nothing)]],
    ["DATA on an idle stream", [data(1, nothing)]],
    ["HEADERS on stream 0", [headers(0, callHeader(empty))]],
    ["HEADERS on an even stream", [headers(2, callHeader(empty))]],
    ["HEADERS on a stream lower than the last", [headers(5, callHeader(empty)), headers(3, callHeader(empty))]],
    ["CONTINUATION without HEADERS", [frame(type.continuation, flag.endHeaders, 1)]],
    ["a frame inside a header block", [headers(1, callHeader(empty), flag.none), data(1, nothing)]],
    ["RST_STREAM of an idle stream", [rstStream(1, code.cancel)]],
    ["RST_STREAM of the wrong length", [headers(1, callHeader(empty)), frame(type.rstStream, 0, 1, Buffer.alloc(3))]],
    ["SETTINGS of the wrong length", [frame(type.settings, 0, 0, Buffer.alloc(5))]],
    ["SETTINGS with an impossible window", [settings([[4, 2 ** 31]])]],
    ["SETTINGS on a stream", [frame(type.settings, 0, 1)]],
    ["PING of the wrong length", [frame(type.ping, 0, 0, Buffer.alloc(7))]],
    ["WINDOW_UPDATE of 0", [frame(type.windowUpdate, 0, 0, Buffer.alloc(4))]],
    [
      "WINDOW_UPDATE over 2³¹",
      [frame(type.windowUpdate, 0, 0, Buffer.from("7fffffff", "hex")), frame(type.windowUpdate, 0, 0, Buffer.from("7fffffff", "hex"))],
    ],
    ["PUSH_PROMISE from a client", [frame(type.pushPromise, flag.endHeaders, 1, Buffer.alloc(4))]],
    ["a frame over the maximum length", [frame(type.data, 0, 1, Buffer.alloc(20_000))]],
    ["a broken header block", [frame(type.headers, flag.endHeaders, 1, Buffer.from("ffffffffffffffffff", "hex"))]],
    ["padding longer than the frame", [headers(1, callHeader(empty)), frame(type.data, 0x8, 1, Buffer.from([200, 1]))]],
    ["a wrong content-length", [headers(1, callHeader(empty, [["content-length", "3"]])), data(1, nothing, flag.endStream)]],
    ["no preface", []],
  ];
  /**
   * The frames that a server may treat as late frames of a stream that it has forgotten (RFC 9113,
   * section 5.1).
   */
  const ignorable = ["HEADERS on a stream lower than the last", "a wrong content-length"];
  const closes = [
    "alive",
    undefined,
    code.protocolError,
    code.internalError,
    code.frameSizeError,
    code.flowControlError,
    code.compressionError,
    code.streamClosed,
  ];
  test.each(wrong)("%s: the connection is closed, or the frame is ignored", async (name, frames) => {
    using client = await rawClient(target.address, { begin: name !== "no preface" });
    if (name === "no preface") client.socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    else client.write(...frames);
    // A reply to a PING means that the server has read the frames and keeps the connection.
    const outcome = (await client.ping()) ? "alive" : await client.goaway();
    expect(closes).toContain(outcome);
    if (!ignorable.includes(name)) expect(outcome).not.toBe("alive");
  });

  test("a frame of an unknown type is ignored", async () => {
    using client = await rawClient(target.address);
    client.write(frame(0xee, 0xff, 7, Buffer.alloc(10)), headers(1, callHeader(empty)), data(1, nothing, flag.endStream));
    expect(await client.outcome(1)).toBe("end");
  });
});

describe("GOAWAY from a client", { concurrent: false }, () => {
  test("in the middle of a call: the call completes", async () => {
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(duplex)), data(1, nothing));
    await client.frame(({ stream, kind }) => stream === 1 && kind === type.data);
    client.write(goaway(0, code.noError), data(1, nothing, flag.endStream));
    expect(await client.outcome(1)).toBe("end");
    client[Symbol.dispose]();
    await target.expectUnharmed({ left: 1 });
  });

  test("with an error: the connection is closed, and its call is cancelled", async () => {
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(duplex)), data(1, nothing));
    await client.frame(({ stream, kind }) => stream === 1 && kind === type.data);
    client.write(goaway(0, code.internalError));
    await client.closed;
    await target.expectUnharmed({ left: 1 });
  });
});

describe("a reset", { concurrent: false }, () => {
  const big = message(toBinary(SimpleRequestSchema, create(SimpleRequestSchema, { responseSize: 1_000_000 })));
  const points: readonly [string, readonly Buffer[]][] = [
    ["after the header", []],
    ["in a prefix", [data(1, nothing.subarray(0, 2))]],
    ["in a message", [data(1, message(Buffer.alloc(10), 0, 20))]],
    ["after a message", [data(1, nothing)]],
    ["after the request, while the response is written", [data(1, big, flag.endStream)]],
  ];
  describe.each([unary, input, duplex, "/grpc.testing.TestService/StreamingOutputCall"])("of %s", { concurrent: false }, (path) => {
    test.each(points)("%s: the call ends", async (_, frames) => {
      using client = await rawClient(target.address);
      client.write(headers(1, callHeader(path)), ...frames, rstStream(1, code.cancel));
      await client.ping();
      client.write(headers(3, callHeader(path)), ...frames.map((bytes) => Buffer.from(bytes).fill(3, 8, 9)));
      await client.ping();
      client.write(rstStream(3, code.internalError));
      expect(await client.ping()).toBe(true);
    });
  });
});

function spoiled(bytes: Buffer): Buffer {
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 6) ^ 0xff, bytes.length - 6);
  return bytes;
}

function bomb(): Buffer {
  const part = gzipSync(Buffer.alloc(64 * 2 ** 20), { level: 9 });
  return Buffer.concat(Array.from({ length: 16 }, () => part));
}
