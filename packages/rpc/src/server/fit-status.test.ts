// Errors that exceed the size of a header are shortened, and other calls continue.

import { create } from "@bufbuild/protobuf";
import { anyPack, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { credentials, Client as GrpcClient, Metadata as GrpcMetadata, type ServiceError } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { everyKind, everyWay, failureOf, kinds, start, startBy, startServer, transports } from "../../test/harness.ts";
import { frame, Peer } from "../../test/http2-peer.ts";
import { Code, Metadata, RpcError } from "../index.ts";
import { fitStatus } from "../protocol/fit-status.ts";

const text = (length: number) => anyPack(StringValueSchema, create(StringValueSchema, { value: "d".repeat(length) }));

const messages: readonly (readonly [string, string])[] = [
  ["ASCII", "x".repeat(70_000)],
  ["one megabyte", "x".repeat(2 ** 20)],
  ["percent signs", "%".repeat(30_000)],
  ["Chinese", "错误".repeat(10_000)],
  ["emoji", "👩‍👩‍👧‍👦".repeat(5_000)],
  ["lone surrogates", "\ud800".repeat(10_000)],
  ["control characters", "\u0007".repeat(20_000)],
  ["just over", "x".repeat(8_192)],
];

const listBytes = (headers: object) =>
  Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + String(value).length + 32, 0);

test.each(messages.flatMap(([name, message]) => [false, true].map((late) => ({ name, message, late }))))(
  "$name, after a response: $late: a peer of node:http2 gets at most 8 KiB, and its connection stays open",
  async ({ message, late }) => {
    const { address } = await startServer({
      unary: () => ({ text: "fine" }),
      *serverStream() {
        if (late) yield {};
        throw new RpcError(Code.NOT_FOUND, message, { details: [text(40_000)] });
      },
    });
    const peer = new Peer(address);
    const beside = peer.call("Unary");
    const failing = peer.call("ServerStream");
    failing.stream.end(frame());
    const { "grpc-status": status, "grpc-message": encoded, ":status": http, ...rest } = await failing.ended;
    expect(status).toBe(String(Code.NOT_FOUND));
    expect(rest).not.toHaveProperty("grpc-status-details-bin");
    expect(listBytes({ "grpc-status": status, "grpc-message": encoded, ":status": http, ...rest })).toBeLessThanOrEqual(8 * 1024);
    const decoded = decodeURIComponent(String(encoded));
    expect(decoded).toMatch(/… \(shortened\)$/u);
    expect(message.toWellFormed().startsWith(decoded.replace(/… \(shortened\)$/u, ""))).toBe(true);
    expect(encoded?.length).toBeGreaterThan(7_500);
    beside.stream.end(frame());
    expect(await beside.status()).toBe(Code.OK);
  },
);

const long = everyKind(({ metadata }) => {
  if (metadata.has("fail")) throw new RpcError(Code.ABORTED, "y".repeat(100_000));
  return "fine";
});

test.each(everyWay)("$transport, $kind: this package's client gets the shortened status", async ({ transport, kind }) => {
  const { client } = await startBy(transport, long);
  const beside = kinds[kind](client, "");
  expect(await failureOf(kinds[kind](client, "", { metadata: { fail: "1" } }))).toMatchObject({
    code: Code.ABORTED,
    message: expect.stringMatching(/^y{7000,}… \(shortened\)$/),
  });
  expect(await beside).toMatchObject([{ text: "fine" }]);
});

test("grpc-js gets the shortened status", async () => {
  const { address } = await start(long);
  const other = new GrpcClient(address, credentials.createInsecure());
  onTestFinished(() => other.close());
  const fail = new GrpcMetadata();
  fail.set("fail", "1");
  const same = (bytes: Buffer) => bytes;
  const error = await new Promise<ServiceError | null>((resolve) => {
    other.makeUnaryRequest("/test.v1.TestService/Unary", same, same, Buffer.alloc(0), fail, resolve);
  });
  expect(error).toMatchObject({ code: Code.ABORTED, details: expect.stringMatching(/^y{7000,}… \(shortened\)$/) });
});

test.each(transports)("%s: details are left out first, and the message stays complete", async (transport) => {
  const { client } = await startBy(transport, {
    unary: () => {
      throw new RpcError(Code.ABORTED, "z".repeat(5_000), { details: [text(3_000)] });
    },
  });
  expect(await failureOf(client.unary({}))).toMatchObject({ code: Code.ABORTED, message: "z".repeat(5_000), details: [] });
});

test.each(transports)("%s: a status that fits does not change", async (transport) => {
  const { client } = await startBy(transport, {
    unary: () => {
      throw new RpcError(Code.ABORTED, "z".repeat(1_000), { details: [text(3_000)] });
    },
  });
  expect(await failureOf(client.unary({}))).toMatchObject({ message: "z".repeat(1_000), details: [expect.anything()] });
});

test("metadata counts, and a message keeps at least a kilobyte", () => {
  const metadata = new Metadata({ "x-large": "m".repeat(6_000) });
  const { message } = fitStatus({ code: Code.ABORTED, message: "a".repeat(3_000), metadata });
  expect(message.length).toBeLessThan(2_000);
  expect(message).toMatch(/^a{1000,}… \(shortened\)$/);
  metadata.set("x-large", "m".repeat(20_000));
  expect(fitStatus({ code: Code.ABORTED, message: "a".repeat(900), metadata }).message).toBe("a".repeat(900));
  expect(fitStatus({ code: Code.ABORTED, message: "a".repeat(3_000), metadata }).message.length).toBeGreaterThan(900);
});
