// Incomplete responses that end with an OK status.
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { connect, failureOf } from "../../test/harness.ts";
import { frame, peerServer } from "../../test/http2-peer.ts";
import { Code } from "../index.ts";

const one = frame(Buffer.from([0x10, 1]));
const two = frame(Buffer.from([0x10, 2]));

/** A server that sends the given pieces and then an OK status. */
const sends = (pieces: readonly Uint8Array[], headers: Record<string, string> = {}) =>
  peerServer((stream) => {
    stream.resume();
    stream.respond({ ":status": 200, "content-type": "application/grpc", ...headers }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    for (const piece of pieces) stream.write(piece);
    stream.end();
  });

/** Reads a stream of responses to its end or failure. */
async function read(responses: AsyncIterable<{ count: number }>) {
  const counts: number[] = [];
  try {
    for await (const { count } of responses) counts.push(count);
  } catch (error) {
    return { counts, error };
  }
  return { counts, error: undefined };
}

const cut = [
  ["in the prefix", [one, two.subarray(0, 3)]],
  ["after the prefix", [one, two.subarray(0, 5)]],
  ["in the message", [one, two.subarray(0, 6)]],
  ["in a piece with a complete message", [Buffer.concat([one, two.subarray(0, 6)])]],
  ["in a message with a large declared length", [one, frame(Buffer.alloc(10), 0, 1000)]],
] as const;

test.each(cut)("a stream that ends %s delivers the earlier messages and fails with INTERNAL", async (_, pieces) => {
  const client = connect(await sends(pieces));
  for (const responses of [client.serverStream({}), client.bidiStream([])]) {
    const { counts, error } = await read(responses);
    expect(counts).toEqual([1]);
    expect(error).toMatchObject({ code: Code.INTERNAL, message: "the response ended in the middle of a message" });
  }
});

test.each(cut)("a single response followed by a message that ends %s fails with INTERNAL", async (_, pieces) => {
  const client = connect(await sends(pieces));
  expect(await failureOf(client.unary({}))).toMatchObject({ code: Code.INTERNAL });
  expect(await failureOf(client.clientStream([]))).toMatchObject({ code: Code.INTERNAL });
});

test.each([
  ["no message", [], Code.UNIMPLEMENTED],
  ["two messages", [one, two], Code.UNIMPLEMENTED],
  ["half a message", [one.subarray(0, 6)], Code.INTERNAL],
  ["a compressed message without a grpc-encoding", [frame(gzipSync(Buffer.from([0x10, 1])), 1)], Code.INTERNAL],
  ["an invalid flag", [frame(Buffer.from([0x10, 1]), 2)], Code.INTERNAL],
  ["a malformed message", [frame(Buffer.from([0x10]))], Code.INTERNAL],
] as const)("a unary response with %s fails the call", async (_, pieces, code) => {
  const client = connect(await sends(pieces));
  expect(await failureOf(client.unary({}))).toMatchObject({ code });
  expect(await failureOf(client.clientStream([]))).toMatchObject({ code });
});

test("complete responses arrive complete, in pieces of any size", async () => {
  const bytes = Buffer.concat([one, frame(), two, frame(Buffer.from([0x1a, 3, 1, 2, 3])), frame()]);
  for (let size = 1; size <= bytes.length; size++) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
    const { counts, error } = await read(connect(await sends(pieces)).serverStream({}));
    expect(error).toBeUndefined();
    expect(counts).toEqual([1, 0, 2, 0, 0]);
  }
});

test("an error status after an incomplete message takes precedence", async () => {
  const address = await peerServer((stream) => {
    stream.resume();
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "5", "grpc-message": "gone" }));
    stream.end(one.subarray(0, 6));
  });
  expect((await read(connect(address).serverStream({}))).error).toMatchObject({ code: Code.NOT_FOUND });
});
