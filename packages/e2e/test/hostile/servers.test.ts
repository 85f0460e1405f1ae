// Invalid servers: each call of our client ends with a code that describes the problem, and the
// process continues.
import type { Socket } from "node:net";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { openChannel } from "../../interop/transport.ts";
import { transport } from "../harness/transport.ts";
import { code, data, type Fields, flag, frame, goaway, headerBlock, headers, message, ping, rstStream, settings, type } from "./frames.ts";
import { exceptOnGrpcJs } from "./grpc-js.ts";
import { type Answer, rawServer } from "./raw-server.ts";

exceptOnGrpcJs();

const nothing = message(new Uint8Array());
const ended = flag.endHeaders | flag.endStream;

const header: Fields = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];

/** Responds with the given frames. */
const say =
  (...make: readonly ((stream: number) => Uint8Array)[]): Answer =>
  (socket, stream) =>
    void (socket.writable && socket.write(Buffer.concat(make.map((one) => one(stream)))));

const open = (stream: number) => headers(stream, header);
const one = (stream: number) => data(stream, nothing);
const close =
  (...fields: Fields) =>
  (stream: number) =>
    headers(stream, fields, ended);
const only =
  (...fields: Fields) =>
  (stream: number) =>
    headers(stream, [...header, ...fields], ended);

interface Outcome {
  readonly code: string;
  readonly message: string;
}

/**
 * The outcomes of a unary call and of a stream. A deadline of two seconds ends endless calls.
 */
async function outcomes(answer: Answer, first?: Uint8Array, timeoutMs = 2_000): Promise<{ unary: Outcome; stream: Outcome }> {
  await using server = await rawServer(answer, first);
  // A short back-off, since some servers close each connection at once.
  using channel = openChannel(transport, server.address, { backoff: { initialMs: 50 } });
  const client = createClient(TestService, channel);
  const of = async (call: PromiseLike<unknown>): Promise<Outcome> => {
    try {
      await call;
      return { code: "OK", message: "" };
    } catch (error) {
      expect(error).toBeInstanceOf(RpcError);
      const { code, message } = error as RpcError;
      return { code: Code[code] ?? `no code: ${code}`, message };
    }
  };
  const unary = await of(client.emptyCall({}, { timeoutMs }));
  const stream = await of(Array.fromAsync(client.streamingOutputCall({}, { timeoutMs })));
  return { unary, stream };
}

async function expectCodes(
  answer: Answer,
  unary: readonly string[],
  stream: readonly string[] = unary,
  first?: Uint8Array,
  timeoutMs?: number,
) {
  const got = await outcomes(answer, first, timeoutMs);
  expect(unary, `unary: ${got.unary.message}`).toContain(got.unary.code);
  expect(stream, `stream: ${got.stream.message}`).toContain(got.stream.code);
}

const lost = ["UNAVAILABLE", "INTERNAL", "UNKNOWN"];

describe("the status", { concurrent: false }, () => {
  test("in order: OK", () => expectCodes(say(open, one, close(["grpc-status", "0"])), ["OK"]));

  test.each([
    ["none at all, after a message", say(open, one, (stream) => data(stream, new Uint8Array(), flag.endStream))],
    ["none in the trailers", say(open, one, close(["x", "y"]))],
    ["none in a header that ends the stream", say(only())],
    ["99", say(open, one, close(["grpc-status", "99"]))],
    ["17", say(open, one, close(["grpc-status", "17"]))],
    ["-1", say(open, one, close(["grpc-status", "-1"]))],
    ["1.5", say(open, one, close(["grpc-status", "1.5"]))],
    ["of letters", say(open, one, close(["grpc-status", "OK"]))],
    ["of 100 digits", say(open, one, close(["grpc-status", "9".repeat(100)]))],
    ["repeated", say(open, one, close(["grpc-status", "0"], ["grpc-status", "0"]))],
    ["repeated, and not the same", say(open, one, close(["grpc-status", "0"], ["grpc-status", "5"]))],
  ] as const)("%s: UNKNOWN or INTERNAL", (_, answer) => expectCodes(answer, ["UNKNOWN", "INTERNAL"]));

  test("in the header, and another in the trailers: the trailers' counts", () =>
    expectCodes(
      say((stream) => headers(stream, [...header, ["grpc-status", "0"]]), one, close(["grpc-status", "5"])),
      ["NOT_FOUND"],
    ));

  test.each(["%", "%zz", "%e4%", "%ff%fe", "%00", "a\u00e9b"])(
    "a grpc-message of %j is shown in some form, and costs nothing",
    async (text) => {
      const { unary } = await outcomes(say(only(["grpc-status", "5"], ["grpc-message", Buffer.from(text, "latin1")])));
      expect(unary.code).toBe("NOT_FOUND");
      expect(typeof unary.message).toBe("string");
    },
  );

  test("details that are no google.rpc.Status are left out", () =>
    expectCodes(say(only(["grpc-status", "5"], ["grpc-status-details-bin", "////"])), ["NOT_FOUND"]));
});

describe("messages", { concurrent: false }, () => {
  const ok = close(["grpc-status", "0"]);
  test.each([
    ["a length of 4 GiB", message(Buffer.alloc(8), 0, 2 ** 32 - 1), ["RESOURCE_EXHAUSTED"]],
    ["a byte over 4 MiB", message(Buffer.alloc(8), 0, 2 ** 22 + 1), ["RESOURCE_EXHAUSTED"]],
    ["a flag of 2", message(new Uint8Array(), 2), ["INTERNAL"]],
    ["compressed, and no word of compression", message(new Uint8Array(), 1), ["INTERNAL"]],
    ["bytes that are no message", message(Buffer.alloc(8, 0xff)), ["INTERNAL"]],
  ] as const)("%s: %j", (_, bytes, codes) =>
    expectCodes(
      say(open, (stream) => data(stream, bytes), ok),
      codes,
    ),
  );

  test("two on a unary call, and none", async () => {
    expect((await outcomes(say(open, one, one, ok))).unary.code).not.toBe("OK");
    expect((await outcomes(say(open, ok))).unary.code).not.toBe("OK");
  });

  test("in DATA frames of one byte: OK", () =>
    expectCodes(
      say(open, (stream) => Buffer.concat([...nothing].map((byte) => data(stream, Buffer.of(byte)))), ok),
      ["OK"],
    ));

  test("a message that is cut off on a unary call: not OK", async () => {
    const cutOff = (stream: number) => data(stream, message(Buffer.alloc(5), 0, 10));
    expect((await outcomes(say(open, cutOff, ok))).unary.code).not.toBe("OK");
  });
});

describe("frames", { concurrent: false }, () => {
  // https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, HTTP2 Transport Mapping,
  // Errors.
  test.each([
    ["NO_ERROR", code.noError, "INTERNAL"],
    ["PROTOCOL_ERROR", code.protocolError, "INTERNAL"],
    ["INTERNAL_ERROR", code.internalError, "INTERNAL"],
    ["FLOW_CONTROL_ERROR", code.flowControlError, "INTERNAL"],
    ["STREAM_CLOSED", code.streamClosed, "INTERNAL"],
    ["FRAME_SIZE_ERROR", code.frameSizeError, "INTERNAL"],
    ["REFUSED_STREAM", code.refusedStream, "UNAVAILABLE"],
    ["CANCEL", code.cancel, "CANCELLED"],
    ["COMPRESSION_ERROR", code.compressionError, "INTERNAL"],
    ["ENHANCE_YOUR_CALM", code.enhanceYourCalm, "RESOURCE_EXHAUSTED"],
    ["INADEQUATE_SECURITY", code.inadequateSecurity, "PERMISSION_DENIED"],
    ["HTTP_1_1_REQUIRED", code.http11Required, "INTERNAL"],
    ["a code that does not exist", 0xee, "INTERNAL"],
  ])("a reset with %s", async (_, error, expected) => {
    await expectCodes(
      say((stream) => rstStream(stream, error)),
      [expected],
    );
    await expectCodes(
      say(open, one, (stream) => rstStream(stream, error)),
      [expected],
    );
  });

  test.each([
    ["GOAWAY before the call, with NO_ERROR", say(() => goaway(0, code.noError)), true],
    ["GOAWAY before the call, with ENHANCE_YOUR_CALM", say(() => goaway(0, code.enhanceYourCalm, "too_many_pings")), true],
    ["GOAWAY in the call, with INTERNAL_ERROR", say(open, (stream) => goaway(stream, code.internalError)), true],
    ["GOAWAY of a stream that is none", say(() => goaway(2 ** 31 - 1, 0xee)), true],
    ["the end of the connection", say(open), true],
  ] as const)("%s, and then nothing: the call ends, and is not OK", async (_, answer, destroy) => {
    const thenNothing: Answer = (socket, stream, frames) => {
      answer(socket, stream, frames);
      if (destroy) setTimeout(() => socket.destroy(), 20);
    };
    await expectCodes(thenNothing, [...lost, "RESOURCE_EXHAUSTED", "CANCELLED"]);
  });

  test("GOAWAY after the call, and then its answer: OK", () =>
    expectCodes(
      say((stream) => goaway(stream, code.noError), open, one, close(["grpc-status", "0"])),
      ["OK"],
    ));

  test.each([
    ["DATA before the header", say(one)],
    ["a header block that is broken", say((stream) => frame(type.headers, flag.endHeaders, stream, Buffer.alloc(9, 0xff)))],
    ["a header without :status", say((stream) => headers(stream, header.slice(1), ended))],
    ["two headers", say(open, open, one, close(["grpc-status", "0"]))],
    ["trailers with :status", say(open, one, only(["grpc-status", "0"]))],
    ["a frame on a stream that was never opened", say((stream) => data(stream + 100, nothing))],
    [
      "a push",
      say((stream) => frame(type.pushPromise, flag.endHeaders, stream, Buffer.concat([Buffer.from([0, 0, 0, 2]), headerBlock(header)]))),
    ],
    ["a frame that is too long", say((stream) => frame(type.data, 0, stream, Buffer.alloc(20_000)))],
    ["HTTP/1.1", say(() => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"))],
    // Node's own http2 aborts the process of a client that gets it
    // (https://github.com/nodejs/node/issues/39951).
    [
      "a header block that never ends",
      say(
        (stream) => headers(stream, header, flag.none),
        ...Array.from({ length: 100 }, () => (stream: number) => frame(type.continuation, flag.none, stream)),
      ),
    ],
    [
      "a header of 100 KB",
      say(
        (stream) => headers(stream, header, flag.none),
        ...Array.from(
          { length: 6 },
          () => (stream: number) => frame(type.continuation, flag.none, stream, headerBlock([["x", "y".repeat(16_000)]])),
        ),
        (stream) => frame(type.continuation, flag.endHeaders, stream),
      ),
    ],
  ] as const)("%s: the call ends, and is not OK", (_, answer) =>
    expectCodes(answer, [...lost, "RESOURCE_EXHAUSTED", "CANCELLED", "DEADLINE_EXCEEDED"]),
  );

  test.each([
    ["no stream allowed", settings([[3, 0]])],
    ["a window of nothing", settings([[4, 0]])],
  ])("settings with %s: the call ends with its deadline", (_, first) =>
    expectCodes(say(), ["DEADLINE_EXCEEDED"], ["DEADLINE_EXCEEDED"], first, 200),
  );

  test.each([
    ["PING", ping()],
    ["SETTINGS", settings([[4, 65_535]])],
    ["1xx headers", undefined],
  ])("a hundred thousand %s, and no answer: the call ends with its deadline, or the connection is given up", async (_, bytes) => {
    const answer = floodOf(undefined, (stream) => bytes ?? headers(stream, [[":status", "103"]]));
    await expectCodes(answer, [...lost, "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED"], undefined, undefined, 500);
  });
});

/** Writes the same data a hundred thousand times, as fast as the peer reads. */
function floodOf(begin: ((stream: number) => Uint8Array) | undefined, make: (stream: number) => Uint8Array): Answer {
  return (socket: Socket, stream) => {
    if (begin !== undefined) socket.write(begin(stream));
    const some = Buffer.concat(Array.from({ length: 1_000 }, () => make(stream)));
    let left = 100;
    const more = () => {
      while (left-- > 0 && socket.writable) if (!socket.write(some)) return void socket.once("drain", more);
    };
    more();
  };
}
