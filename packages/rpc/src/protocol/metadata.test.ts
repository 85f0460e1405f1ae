import { expect, test } from "vitest";
import { Metadata, MetadataError, toMetadata } from "./metadata.ts";

test("an object with entries takes strings, bytes, and arrays of both", () => {
  const metadata = toMetadata({ "X-One": "1", "x-two": ["a", "b"], "x-bytes-bin": new Uint8Array([0, 255]) });
  expect(metadata.get("x-one")).toBe("1");
  expect(metadata.getAll("x-two")).toEqual(["a", "b"]);
  expect(metadata.getBytes("x-bytes-bin")).toEqual(Buffer.from([0, 255]));
});

test("toMetadata() returns Metadata as it is", () => {
  const metadata = new Metadata();
  expect(toMetadata(metadata)).toBe(metadata);
});

test("an illegal value throws", () => {
  expect(() => toMetadata({ "x-a": "一" })).toThrow(MetadataError);
  expect(() => toMetadata({ "x-a": "一" })).toThrow('"x-a"');
});

test("a clone shares nothing with the original", () => {
  const metadata = new Metadata({ "x-a": "1", "x-bin": new Uint8Array([1]) });
  const clone = metadata.clone();
  clone.add("x-a", "2");
  (clone.getBytes("x-bin") as Buffer)[0] = 9;
  expect(metadata.getAll("x-a")).toEqual(["1"]);
  expect(metadata.getBytes("x-bin")).toEqual(Buffer.from([1]));
});

test("metadata can be merged into itself", () => {
  expect([...new Metadata({ a: ["1", "2"] }).merge(new Metadata({ a: "3" }))]).toHaveLength(3);
  const metadata = new Metadata({ a: ["1", "2"] });
  expect(metadata.merge(metadata).getAll("a")).toEqual(["1", "2", "1", "2"]);
});

test.each([Symbol("key"), 5, undefined, null, {}])("the key %s throws", (key) => {
  const metadata = new Metadata();
  expect(() => metadata.set(key as string, "1")).toThrow(MetadataError);
  expect(() => metadata.add(key as string, "1")).toThrow(MetadataError);
});

test("a key without values is checked, too", () => {
  expect(() => new Metadata().set("x a", [])).toThrow('"x a" is not a metadata key');
});
