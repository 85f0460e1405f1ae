// What stands at each place of a message in JSON, and which bytes are shown as text.
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { All } from "../../test/types.ts";
import { readableText, toBase64 } from "../json/bytes.ts";
import { memberPart, messagePart } from "./parts.ts";

const kindAt = (...path: readonly string[]) => path.reduce(memberPart, messagePart(All))?.kind;

test.each([
  [["bytesValue"], "bytes"],
  [["bytes_value"], "bytes"],
  [["child", "bytesValue"], "bytes"],
  [["children"], "many"],
  [["children", "3", "child", "bytes_value"], "bytes"],
  [["counts", "1"], undefined],
  [["names", "0"], undefined],
  [["stringValue"], undefined],
  [["struct", "bytesValue"], undefined],
  [["any", "bytesValue"], undefined],
  [["nosuch", "bytesValue"], undefined],
] as const)("%j is %s", (path, kind) => {
  expect(kindAt(...path)).toBe(kind);
});

test("a wrapper of bytes is bytes", () => {
  expect(messagePart(BytesValueSchema)?.kind).toBe("bytes");
});

const encoded = (text: string) => toBase64(new TextEncoder().encode(text));

test.each(["foo", "键 🔑", "two\nlines\t"])("bytes of %j are text", (text) => {
  expect(readableText(encoded(text))).toBe(text);
});

test.each([
  ["nothing", ""],
  ["a null", encoded("a\0b")],
  ["an escape", encoded("\u001b[31m")],
  ["a change of direction", encoded("a\u202eb")],
  ["a zero-width space", encoded("a\u200bb")],
  ["no UTF-8", "/w=="],
  ["no base64", "%"],
])("%s is not shown as text", (_, base64) => {
  expect(readableText(base64)).toBeUndefined();
});
