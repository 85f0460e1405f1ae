import * as zlib from "node:zlib";
import { Code } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { compress } from "../http/compress.ts";
import { decompress, encodingNamed, preferredEncoding } from "./encodings.ts";

test.each([
  [undefined, undefined, undefined],
  [undefined, "gzip", "gzip"],
  ["", "gzip", undefined],
  ["identity", undefined, undefined],
  ["gzip", undefined, "gzip"],
  ["gzip, br", undefined, "gzip"],
  ["br,gzip", undefined, "br"],
  ["gzip;q=0.5, br;q=0.8", undefined, "br"],
  ["gzip;q=0, BR", undefined, "br"],
  ["gzip;q=x", undefined, undefined],
  ["zstd, deflate, gzip", undefined, "gzip"],
] as const)("accept-encoding %j after a request with %j prefers %j", (accept, used, preferred) => {
  expect(preferredEncoding(accept, used)).toBe(preferred);
});

test("an unsupported encoding is UNIMPLEMENTED and lists the supported ones", () => {
  expect(encodingNamed("content-encoding", " GZIP")).toBe("gzip");
  expect(encodingNamed("content-encoding", "identity")).toBeUndefined();
  expect(encodingNamed("content-encoding", undefined)).toBeUndefined();
  expect(() => encodingNamed("content-encoding", "zstd")).toThrow(
    expect.objectContaining({ code: Code.UNIMPLEMENTED, message: 'content-encoding must be gzip, br or identity, got "zstd"' }),
  );
});

test.each(["gzip", "br"] as const)("%s: what was compressed is decompressed, within the limit", async (encoding) => {
  const text = "abc".repeat(1000);
  const bytes = await compress(text, encoding);
  expect(bytes.length).toBeLessThan(100);
  expect((await decompress(bytes, encoding, 3000)).toString()).toBe(text);
  await expect(decompress(bytes, encoding, 2999)).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  await expect(decompress(bytes.subarray(0, -4), encoding, 3000)).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
  await expect(decompress(Buffer.from("plain text"), encoding, 3000)).rejects.toMatchObject({
    code: Code.INVALID_ARGUMENT,
    message: expect.stringMatching(new RegExp(`^the message is not ${encoding}: `)),
  });
});

test("an empty message is not decompressed", async () => {
  expect(await decompress(Buffer.alloc(0), "gzip", 10)).toHaveLength(0);
});

test("a bomb of a gigabyte fails at the limit", async () => {
  const bomb = zlib.gzipSync(Buffer.alloc(64 << 20));
  await expect(decompress(Buffer.concat(Array(16).fill(bomb)), "gzip", 1 << 20)).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});
