// Malformed responses: each call of our client ends with a code that describes the fault, and the
// process keeps running.
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

/** A response that consists of these frames. */
const respondWith =
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
 * Returns the outcome of a unary call and of a stream. The deadline, two seconds by default, ends
 * calls that the server never ends.
 */
async function outcomes(answer: Answer, first?: Uint8Array, timeoutMs = 2_000): Promise<{ unary: Outcome; stream: Outcome }> {
  await using server = await rawServer(answer, first);
  // The channel reconnects to a server that closes each connection. Its first back-off is normally
  // a second; keep it short here.
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
  test("0 in the trailers: OK", () => expectCodes(respondWith(open, one, close(["grpc-status", "0"])), ["OK"]));

  test.each([
    ["absent after a message", respondWith(open, one, (stream) => data(stream, new Uint8Array(), flag.endStream))],
    ["absent in the trailers", respondWith(open, one, close(["x", "y"]))],
    ["absent in a header that ends the stream", respondWith(only())],
    ["99", respondWith(open, one, close(["grpc-status", "99"]))],
    ["17", respondWith(open, one, close(["grpc-status", "17"]))],
    ["-1", respondWith(open, one, close(["grpc-status", "-1"]))],
    ["1.5", respondWith(open, one, close(["grpc-status", "1.5"]))],
    ["letters", respondWith(open, one, close(["grpc-status", "OK"]))],
    ["100 digits", respondWith(open, one, close(["grpc-status", "9".repeat(100)]))],
    ["repeated", respondWith(open, one, close(["grpc-status", "0"], ["grpc-status", "0"]))],
    ["repeated with different values", respondWith(open, one, close(["grpc-status", "0"], ["grpc-status", "5"]))],
  ] as const)("%s: UNKNOWN or INTERNAL", (_, answer) => expectCodes(answer, ["UNKNOWN", "INTERNAL"]));

  test("in the header and in the trailers: the trailers take precedence", () =>
    expectCodes(
      respondWith((stream) => headers(stream, [...header, ["grpc-status", "0"]]), one, close(["grpc-status", "5"])),
      ["NOT_FOUND"],
    ));

  test.each(["%", "%zz", "%e4%", "%ff%fe", "%00", "a\u00e9b"])("a malformed grpc-message %j keeps the status code", async (text) => {
    const { unary } = await outcomes(respondWith(only(["grpc-status", "5"], ["grpc-message", Buffer.from(text, "latin1")])));
    expect(unary.code).toBe("NOT_FOUND");
    expect(typeof unary.message).toBe("string");
  });

  test("malformed details are ignored", () =>
    expectCodes(respondWith(only(["grpc-status", "5"], ["grpc-status-details-bin", "////"])), ["NOT_FOUND"]));
});

describe("messages", { concurrent: false }, () => {
  const ok = close(["grpc-status", "0"]);
  test.each([
    ["a length of 4 GiB", message(Buffer.alloc(8), 0, 2 ** 32 - 1), ["RESOURCE_EXHAUSTED"]],
    ["a length of 4 MiB and one byte", message(Buffer.alloc(8), 0, 2 ** 22 + 1), ["RESOURCE_EXHAUSTED"]],
    ["a flag of 2", message(new Uint8Array(), 2), ["INTERNAL"]],
    ["compressed, without grpc-encoding", message(new Uint8Array(), 1), ["INTERNAL"]],
    ["a malformed message", message(Buffer.alloc(8, 0xff)), ["INTERNAL"]],
  ] as const)("%s: %j", (_, bytes, codes) =>
    expectCodes(
      respondWith(open, (stream) => data(stream, bytes), ok),
      codes,
    ),
  );

  test("two or none on a unary call: not OK", async () => {
    expect((await outcomes(respondWith(open, one, one, ok))).unary.code).not.toBe("OK");
    expect((await outcomes(respondWith(open, ok))).unary.code).not.toBe("OK");
  });

  test("in DATA frames of one byte: OK", () =>
    expectCodes(
      respondWith(open, (stream) => Buffer.concat([...nothing].map((byte) => data(stream, Buffer.of(byte)))), ok),
      ["OK"],
    ));

  test("a truncated message on a unary call: not OK", async () => {
    const cutOff = (stream: number) => data(stream, message(Buffer.alloc(5), 0, 10));
    expect((await outcomes(respondWith(open, cutOff, ok))).unary.code).not.toBe("OK");
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
      respondWith((stream) => rstStream(stream, error)),
      [expected],
    );
    await expectCodes(
      respondWith(open, one, (stream) => rstStream(stream, error)),
      [expected],
    );
  });

  test.each([
    ["GOAWAY before the call, with NO_ERROR", respondWith(() => goaway(0, code.noError)), true],
    ["GOAWAY before the call, with ENHANCE_YOUR_CALM", respondWith(() => goaway(0, code.enhanceYourCalm, "too_many_pings")), true],
    ["GOAWAY in the call, with INTERNAL_ERROR", respondWith(open, (stream) => goaway(stream, code.internalError)), true],
    ["GOAWAY with an unused last stream id and an unknown code", respondWith(() => goaway(2 ** 31 - 1, 0xee)), true],
    ["a closed connection", respondWith(open), true],
  ] as const)("%s, then silence: the call ends, and not with OK", async (_, answer, destroy) => {
    const thenNothing: Answer = (socket, stream, frames) => {
      answer(socket, stream, frames);
      if (destroy) setTimeout(() => socket.destroy(), 20);
    };
    await expectCodes(thenNothing, [...lost, "RESOURCE_EXHAUSTED", "CANCELLED"]);
  });

  test("GOAWAY after the call started, then its response: OK", () =>
    expectCodes(
      respondWith((stream) => goaway(stream, code.noError), open, one, close(["grpc-status", "0"])),
      ["OK"],
    ));

  test.each([
    ["DATA before the header", respondWith(one)],
    ["a malformed header block", respondWith((stream) => frame(type.headers, flag.endHeaders, stream, Buffer.alloc(9, 0xff)))],
    ["a header without :status", respondWith((stream) => headers(stream, header.slice(1), ended))],
    ["two headers", respondWith(open, open, one, close(["grpc-status", "0"]))],
    ["trailers with :status", respondWith(open, one, only(["grpc-status", "0"]))],
    ["a frame on a stream that was never opened", respondWith((stream) => data(stream + 100, nothing))],
    [
      "a push",
      respondWith((stream) =>
        frame(type.pushPromise, flag.endHeaders, stream, Buffer.concat([Buffer.from([0, 0, 0, 2]), headerBlock(header)])),
      ),
    ],
    ["a frame over the maximum length", respondWith((stream) => frame(type.data, 0, stream, Buffer.alloc(20_000)))],
    ["HTTP/1.1", respondWith(() => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"))],
    // Node's own http2 aborts the client process here
    // (https://github.com/nodejs/node/issues/39951).
    [
      "a header block that never ends",
      respondWith(
        (stream) => headers(stream, header, flag.none),
        ...Array.from({ length: 100 }, () => (stream: number) => frame(type.continuation, flag.none, stream)),
      ),
    ],
    [
      "a header of 100 KB",
      respondWith(
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
    ["a stream limit of zero", settings([[3, 0]])],
    ["a window of zero", settings([[4, 0]])],
  ])("settings with %s: the call ends at its deadline", (_, first) =>
    expectCodes(respondWith(), ["DEADLINE_EXCEEDED"], ["DEADLINE_EXCEEDED"], first, 200),
  );

  test.each([
    ["PING", ping()],
    ["SETTINGS", settings([[4, 65_535]])],
    ["1xx headers", undefined],
  ])("a hundred thousand %s without a response: the call ends at its deadline, or the connection is closed", async (_, bytes) => {
    const answer = floodOf(undefined, (stream) => bytes ?? headers(stream, [[":status", "103"]]));
    await expectCodes(answer, [...lost, "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED"], undefined, undefined, 500);
  });
});

/** Writes the same bytes a hundred thousand times, as fast as the client reads. */
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
