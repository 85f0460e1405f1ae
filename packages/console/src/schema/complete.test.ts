// Choices at each place of a request. `|` is the cursor.
import { expect, test } from "vitest";
import { All, registry } from "../../test/types.ts";
import { placeAt } from "../json/place.ts";
import { choicesAt, matching } from "./complete.ts";

function choices(marked: string) {
  const at = marked.indexOf("|");
  const place = placeAt(marked.replace("|", ""), at);
  return place === undefined ? undefined : choicesAt(All, place, registry);
}
const labels = (marked: string) => choices(marked)?.map(({ label }) => label);
const fields = All.fields.map(({ jsonName }) => jsonName);

test.each([
  "{|}",
  '{"|"}',
  '{"|',
  "{nam|}",
  '{"child": {|',
  '{"children": [{}, {"|"}]}',
  '{"child": {"other": {|}}}',
  '{"child": {"child": {"|": 1}}}',
  '{"any": {|"@type": "t.All"}}',
  '{"any": {"@type": "x/t.All", "any": {"@type": "t.All", "child": {|',
])("%s gets all fields", (marked) => {
  expect(labels(marked)).toEqual(fields);
});

test.each([
  ['{"colour": |}', ["NONE", "BLUE"]],
  ['{"colour": "|"}', ["NONE", "BLUE"]],
  ['{"colour": "|', ["NONE", "BLUE"]],
  ['{"colour":|, "child": {}}', ["NONE", "BLUE"]],
  ['{"colour": B|\n"child": {}}', ["NONE", "BLUE"]],
  ['{"names": ["a"], "colour": "B|L"\n}', ["NONE", "BLUE"]],
  ['{"boolValue": |', ["true", "false"]],
  ['{"boolValue": "|"', []],
  ['{"stringValue": |', ['""']],
  ['{"int32Value": |', []],
  ['{"names": |', ["[]"]],
  ['{"names": [|', ['""']],
  ['{"names": ["a", |]}', ['""']],
  ['{"counts": |', ["{}"]],
  ['{"counts": {"1": |', ['""']],
  ['{"counts": {|', []],
  ['{"children": [|]}', ["{}"]],
  ['{"wrapped": |', ['""']],
  ['{"duration": "|"', ['"1s"']],
  ['{"struct": {"a": {|', []],
  ['{"struct": {|', []],
  ['{"value": |', []],
  ['{"any": {|}}', ["@type"]],
  ['{"any": {"@type": "x/google.protobuf.Duration", |}}', ["value"]],
  ['{"any": {"@type": "x/google.protobuf.Duration", "value": |}}', ['"1s"']],
  ['{"nothing": {|', []],
  ['{"colour"|', undefined],
  ['{"colour" | ', undefined],
  ["[|]", []],
  ["{}|", undefined],
  ["|", ["{}"]],
])("%s gets %j", (marked, expected) => {
  expect(labels(marked)).toEqual(expected);
});

test("fields that are set, also those of the same oneof, are not offered again", () => {
  const rest = labels('{"names": [], "|", "text": "", "double_value": 1}');
  expect(fields.filter((name) => !rest?.includes(name))).toEqual(["doubleValue", "names", "text", "other"]);
});

test("the names of the .proto are offered to a reader who writes these", () => {
  expect(labels('{"string_|')).toContain("string_value");
});

test("a choice has its type and comment, and @type has the types of the server", () => {
  expect(choices('{"colour": |')?.[1]).toMatchObject({ detail: "1", comment: "As the sky.", before: '"BLUE"' });
  expect(choices("{|")?.find(({ label }) => label === "text")?.detail).toBe("choice: string");
  expect(choices('{"any": {"@type": "|"}}')?.find(({ label }) => label === "t.All")?.before).toBe('"type.googleapis.com/t.All"');
});

test("a key after a value without a comma says where the comma is missing", () => {
  expect(placeAt('{"colour": 1\n  "', 16)).toMatchObject({ kind: "key", commaAt: 12 });
  expect(placeAt('{"colour": 1,\n  "', 17)).toMatchObject({ kind: "key", commaAt: undefined });
});

test("a text matches the beginnings of names first, then of words in them, then the rest", () => {
  const names = ["ENUM_RED", "redo", "t.Red", "shred", "Blue"].map((label) => ({
    kind: "enum" as const,
    label,
    detail: "",
    comment: "",
    before: "",
    after: "",
  }));
  expect(matching(names, "Re").map(({ label }) => label)).toEqual(["redo", "ENUM_RED", "t.Red", "shred"]);
  expect(matching(names, "")).toEqual(names);
});
