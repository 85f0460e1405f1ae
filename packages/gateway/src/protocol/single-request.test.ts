import { PassThrough, Readable } from "node:stream";
import { Code } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { Base64Reader } from "../grpc-web/base64-reader.ts";
import { envelope } from "./envelope.ts";
import { readSingle } from "./single-request.ts";

const limits = { bodyLimit: 10, bodyTimeoutMs: 60_000 };
const decode = (bytes: Buffer, flags: number) => `${flags} ${bytes}`;
const read = (body: Readable | undefined, text?: Base64Reader) => readSingle(body, { decode, text }, limits);

test("the only envelope of a body is the request", async () => {
  expect(await read(Readable.from([envelope(1, "a")]))).toBe("1 a");
  expect(await read(Readable.from([envelope(0, "x".repeat(10))]))).toBe(`0 ${"x".repeat(10)}`);
  const base64 = Buffer.from(envelope(0, "x".repeat(10)).toString("base64"));
  expect(await read(Readable.from([base64]), new Base64Reader())).toBe(`0 ${"x".repeat(10)}`);
});

test.each([
  ["no body", undefined, Code.UNIMPLEMENTED, "the request has no message, and the method takes one"],
  ["two messages", "AAAAAAAAAAAAAA==", Code.UNIMPLEMENTED, "the request has more than one message, and the method takes one"],
  ["a part of a message", "AAAAAAI=", Code.INVALID_ARGUMENT, "the body ends within a message"],
  ["a prefix beyond the limit", "AAAAAAs=", Code.RESOURCE_EXHAUSTED, "a message is larger than the limit of 10 bytes"],
  [
    "a body beyond the limit",
    "AAAAAAsAAAAAAAAAAAAAAAAAAAAAAAAA",
    Code.RESOURCE_EXHAUSTED,
    "a message is larger than the limit of 10 bytes",
  ],
])("%s is an error", async (_what, base64, code, message) => {
  const bytes = base64 === undefined ? undefined : Buffer.from(base64, "base64");
  await expect(read(bytes && Readable.from([bytes]))).rejects.toMatchObject({ code, message });
});

test("text with an incomplete group is INVALID_ARGUMENT", async () => {
  await expect(read(Readable.from([Buffer.from("AAAAAAA")]), new Base64Reader())).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
});

test("a body that is cut off is CANCELLED", async () => {
  const body = new PassThrough();
  const reading = read(body);
  body.write(envelope(0, "a"));
  setImmediate(() => body.destroy());
  await expect(reading).rejects.toMatchObject({ code: Code.CANCELLED });
});
