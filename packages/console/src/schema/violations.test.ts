// The paths of fields that servers report.
import { expect, test } from "vitest";
import { All } from "../../test/types.ts";
import { badRequestOf, pathOfField } from "./violations.ts";

test.each([
  ["string_value", ["stringValue"]],
  ["stringValue", ["stringValue"]],
  ["child.child.names[2]", ["child", "child", "names", 2]],
  ["children[0].string_value", ["children", 0, "stringValue"]],
  ["children.0.stringValue", ["children", 0, "stringValue"]],
  ["counts[5]", ["counts", "5"]],
  ['counts["a.b]"]', ["counts", "a.b]"]],
  ["counts.5", ["counts", "5"]],
  ["wrapped.value", ["wrapped"]],
  ["time.seconds", ["time"]],
  ["", []],
  ["nothing", undefined],
  ["child.nothing", undefined],
  ["names[x]", undefined],
  ["names[", undefined],
  ["..", undefined],
  ["<b>", undefined],
])("%s is at %j", (field, path) => {
  expect(pathOfField(All, {}, field)).toEqual(path);
});

test("a request with the names of the .proto keeps these", () => {
  expect(pathOfField(All, { children: [{ string_value: "" }] }, "children[0].stringValue")).toEqual(["children", 0, "string_value"]);
});

test("a BadRequest of any shape is read", () => {
  const detail = (debug: unknown) => badRequestOf({ type: "google.rpc.BadRequest", value: "", debug });
  expect(detail({ fieldViolations: [{ field: "a", description: "b" }, { reason: "R" }, 5] })).toEqual([
    { field: "a", text: "b", ofKey: false },
    { field: "", text: "R", ofKey: false },
    { field: "", text: "", ofKey: false },
  ]);
  expect([detail(undefined), detail({ fieldViolations: 1 })]).toEqual([[], []]);
});
