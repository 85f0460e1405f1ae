import { expect, test } from "vitest";
import { Metadata, MetadataError, toMetadata } from "./metadata.ts";

test("the shorthand takes strings, bytes, and lists of both", () => {
  const metadata = toMetadata({ "X-One": "1", "x-two": ["a", "b"], "x-bytes-bin": new Uint8Array([0, 255]) });
  expect(metadata.get("x-one")).toBe("1");
  expect(metadata.getAll("x-two")).toEqual(["a", "b"]);
  expect(metadata.getBytes("x-bytes-bin")).toEqual(Buffer.from([0, 255]));
});

test("metadata stays the same object", () => {
  const metadata = new Metadata();
  expect(toMetadata(metadata)).toBe(metadata);
});

test("a value that metadata cannot carry is refused", () => {
  expect(() => toMetadata({ "x-a": "一" })).toThrow(MetadataError);
  expect(() => toMetadata({ "x-a": "一" })).toThrow('"x-a"');
});
