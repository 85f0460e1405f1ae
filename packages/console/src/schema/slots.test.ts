// What stands at each place of a message in JSON, and which bytes are shown as text.
import { ScalarType } from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { All, registry } from "../../test/types.ts";
import { readableText, toBase64 } from "../json/bytes.ts";
import { type Slot, scalarOf, within } from "./slots.ts";

/** Whether bytes stand at a path. Each Any in it has a message of the type All. */
function isBytes(...path: readonly (string | number)[]): boolean {
  const root: Slot | undefined = { message: All };
  const slot = path.reduce<Slot | undefined>((slot, part) => slot && within(slot, part, "type.googleapis.com/t.All", registry), root);
  return slot !== undefined && scalarOf(slot) === ScalarType.BYTES;
}

test.each([
  [["bytesValue"], true],
  [["bytes_value"], true],
  [["child", "bytesValue"], true],
  [["children", 3, "child", "bytes_value"], true],
  [["any", "bytesValue"], true],
  [["children"], false],
  [["children", "bytesValue"], false],
  [["counts", "1"], false],
  [["names", 0], false],
  [["stringValue"], false],
  [["struct", "bytesValue"], false],
  [["nosuch", "bytesValue"], false],
] as const)("%j is bytes: %s", (path, expected) => {
  expect(isBytes(...path)).toBe(expected);
});

test("a wrapper of bytes is bytes", () => {
  expect(scalarOf({ message: BytesValueSchema })).toBe(ScalarType.BYTES);
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
