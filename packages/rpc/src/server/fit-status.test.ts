// Errors that are longer than a header may be: they are shortened, and the calls beside them go on.

import { create } from "@bufbuild/protobuf";
import { anyPack, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { credentials, Client as GrpcClient, Metadata, type ServiceError } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { everyKind, failureOf, kindNames, kinds, start, startServer } from "../../test/harness.ts";
import { frame, Peer } from "../../test/http2-peer.ts";
import { Code, RpcError } from "../index.ts";
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
  "$name, after a response: $late: at most 8 KiB go to a peer of node:http2, and its connection lives on",
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

test.each(kindNames)("%s: grpc-js and our client get it as well", async (kind) => {
  const { client, address } = await start(
    everyKind(({ metadata }) => {
      if (metadata.get("fail").length > 0) throw new RpcError(Code.ABORTED, "y".repeat(100_000));
      return "fine";
    }),
  );
  const beside = kinds[kind](client, "");
  expect(await failureOf(kinds[kind](client, "", { metadata: { fail: "1" } }))).toMatchObject({
    code: Code.ABORTED,
    message: expect.stringMatching(/^y{7000,}… \(shortened\)$/),
  });
  expect(await beside).toMatchObject([{ text: "fine" }]);
  const other = new GrpcClient(address, credentials.createInsecure());
  onTestFinished(() => other.close());
  const fail = new Metadata();
  fail.set("fail", "1");
  const same = (bytes: Buffer) => bytes;
  const error = await new Promise<ServiceError | null>((resolve) => {
    other.makeUnaryRequest("/test.v1.TestService/Unary", same, same, Buffer.alloc(0), fail, resolve);
  });
  expect(error).toMatchObject({ code: Code.ABORTED, details: expect.stringMatching(/^y{7000,}… \(shortened\)$/) });
});

test("details go first, and the message stays whole", async () => {
  const { client } = await start({
    unary: () => {
      throw new RpcError(Code.ABORTED, "z".repeat(5_000), { details: [text(3_000)] });
    },
  });
  expect(await failureOf(client.unary({}))).toMatchObject({ code: Code.ABORTED, message: "z".repeat(5_000), details: [] });
});

test("what fits is not touched", async () => {
  const { client } = await start({
    unary: () => {
      throw new RpcError(Code.ABORTED, "z".repeat(1_000), { details: [text(3_000)] });
    },
  });
  expect(await failureOf(client.unary({}))).toMatchObject({ message: "z".repeat(1_000), details: [expect.anything()] });
});

test("metadata counts, and a message keeps a kilobyte beside any", () => {
  const metadata = new Metadata();
  metadata.set("x-large", "m".repeat(6_000));
  const { details } = fitStatus({ code: Code.ABORTED, details: "a".repeat(3_000), metadata });
  expect(details.length).toBeLessThan(2_000);
  expect(details).toMatch(/^a{1000,}… \(shortened\)$/);
  metadata.set("x-large", "m".repeat(20_000));
  expect(fitStatus({ code: Code.ABORTED, details: "a".repeat(900), metadata }).details).toBe("a".repeat(900));
  expect(fitStatus({ code: Code.ABORTED, details: "a".repeat(3_000), metadata }).details.length).toBeGreaterThan(900);
});
