import { createFileRegistry, type DescMessage, fromJson } from "@bufbuild/protobuf";
import { DurationSchema, FileDescriptorSetSchema, Int64ValueSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { type NumericField, numberOf, numericFields } from "../schema/numeric-fields.ts";
import { CallRecord } from "./record.ts";
import { Series } from "./series.ts";

const field = (number: number, name: string, type: string, more = {}) => ({
  number,
  name,
  jsonName: name,
  type,
  label: "LABEL_OPTIONAL",
  ...more,
});
const message = (number: number, name: string, typeName: string, more = {}) => field(number, name, "TYPE_MESSAGE", { typeName, ...more });
const repeated = { label: "LABEL_REPEATED" };

const sample = {
  name: "Sample",
  field: [
    field(1, "position", "TYPE_INT64"),
    field(2, "name", "TYPE_STRING"),
    field(3, "value", "TYPE_DOUBLE", { proto3Optional: true, oneofIndex: 0 }),
    message(4, "time", ".google.protobuf.Timestamp"),
    message(5, "took", ".google.protobuf.Duration"),
    message(6, "long", ".google.protobuf.Int64Value"),
    field(7, "values", "TYPE_INT32", repeated),
    message(8, "child", ".t.Sample"),
    message(9, "parts", ".t.Sample.PartsEntry", repeated),
    message(10, "point", ".t.Point"),
  ],
  oneofDecl: [{ name: "_value" }],
  nestedType: [
    {
      name: "PartsEntry",
      field: [field(1, "key", "TYPE_STRING"), message(2, "value", ".t.Point")],
      options: { mapEntry: true },
    },
  ],
};

const files = fromJson(FileDescriptorSetSchema, {
  file: [
    {
      name: "t.proto",
      package: "t",
      syntax: "proto3",
      dependency: [TimestampSchema, DurationSchema, Int64ValueSchema].map((schema) => schema.file.proto.name),
      messageType: [sample, { name: "Point", field: [field(1, "x", "TYPE_FLOAT")] }],
    },
  ],
});
const known = [TimestampSchema, DurationSchema, Int64ValueSchema].map((schema) => schema.file.proto);
const registry = createFileRegistry({ ...files, file: [...known, ...files.file] });
const fields = numericFields(registry.getMessage("t.Sample") as DescMessage);
const found = (path: string) => fields.find((field) => field.path === path) as NumericField;

test("the numeric fields of a message are those of its messages, lists and maps, too, each type once", () => {
  expect(fields.map(({ path, type }) => `${path} ${type}`)).toEqual([
    "position number",
    "value number",
    "time time",
    "took number",
    "long number",
    "values[] number",
    "parts{}.x number",
    "point.x number",
  ]);
});

test.each([
  ["position", "{}", [], 0],
  ["position", '{"position":"9007199254740993"}', [], 9007199254740992],
  ["value", "{}", [], undefined],
  ["value", '{"value":"NaN"}', [], undefined],
  ["value", '{"value":-1.5}', [], -1.5],
  ["time", '{"time":"2026-01-31T12:00:00.5Z"}', [], 1769860800.5],
  ["took", '{"took":"1.5s"}', [], 1.5],
  ["long", '{"long":"7"}', [], 7],
  ["values[]", '{"values":[1,2]}', ["1"], 2],
  ["values[]", '{"values":[1,2]}', ["2"], undefined],
  ["parts{}.x", '{"parts":{"a":{"x":3},"b":{}}}', ["a"], 3],
  ["parts{}.x", '{"parts":{"a":{"x":3},"b":{}}}', ["b"], 0],
  ["parts{}.x", '{"parts":{"a":{"x":3}}}', ["__proto__"], undefined],
  ["point.x", "{}", [], undefined],
] as const)("%s in %s with %j is %s", (path, text, items, expected) => {
  expect(numberOf(JSON.parse(text), found(path), items)).toBe(expected);
});

function filled(values: readonly string[]): CallRecord {
  let now = 0;
  const record = new CallRecord(() => now);
  for (const text of values) {
    now += 1000;
    record.request("{}");
    record.take({ type: "message", text, bytes: text.length });
  }
  return record;
}

test("a series has its points in the order of x, and a summary of all values", () => {
  const record = filled([
    '{"position":"3","value":1}',
    '{"position":"1","value":5}',
    "{",
    '{"position":"2"}',
    '{"position":"2","value":-3}',
  ]);
  const y = { field: found("value"), items: [] };
  const advanced = (series: Series) => {
    series.advance(() => false);
    return series;
  };
  expect(advanced(new Series(record, y, "arrival")).points).toEqual([
    [1, 2, 5],
    [1, 5, -3],
  ]);
  expect(advanced(new Series(record, y, "place")).points[0]).toEqual([1, 2, 5]);
  const series = advanced(new Series(record, y, { field: found("position"), items: [] }));
  expect(series.points).toEqual([
    [1, 2, 3],
    [5, -3, 1],
  ]);
  expect(series.summary).toEqual({ count: 3, latest: "-3", min: "-3", max: "5", mean: 1 });
  expect(new Series(record, y, "place").summary).toEqual({ count: 0, latest: undefined, min: undefined, max: undefined, mean: undefined });
});

test("of 100,000 points, the lowest and highest of each part are drawn", () => {
  const record = new CallRecord(() => 0);
  for (let at = 0; at < 100_000; at++) {
    const value = at === 54_321 ? 1000 : at === 54_322 ? -1000 : at % 7;
    record.take({ type: "message", text: `{"value":${value}}`, bytes: 1 });
  }
  const series = new Series(record, { field: found("value"), items: [] }, "place");
  let looked = 0;
  series.advance(() => ++looked === 500);
  expect([series.isComplete, series.summary.count]).toEqual([false, 500]);
  series.advance(() => false);
  const [xs, ys] = series.points;
  expect(xs.length).toBeLessThanOrEqual(4000);
  expect(xs).toEqual(xs.toSorted((one, other) => one - other));
  expect([Math.max(...ys), Math.min(...ys)]).toEqual([1000, -1000]);
});

test("an axis that goes back and forth keeps the newest points, and is drawn in order", () => {
  const record = new CallRecord(() => 0);
  // The oldest point has the greatest x, and has no room.
  const count = 10_001;
  for (let at = 0; at < count; at++) {
    const position = at === 0 ? 5000 : (at * 7919) % 1000;
    record.take({ type: "message", text: `{"position":"${position}","value":${at === 7_777 ? 9 : at % 7}}`, bytes: 1 });
  }
  const series = new Series(record, { field: found("value"), items: [] }, { field: found("position"), items: [] }, 10_000);
  series.advance(() => false);
  const [xs, ys] = series.points;
  expect(xs.length).toBeLessThanOrEqual(4000);
  expect(xs).toEqual(xs.toSorted((one, other) => one - other));
  expect([xs[0], xs.at(-1)]).toEqual([0, 999]);
  expect(Math.max(...ys)).toBe(9);
});

test("the summary has all digits of 64-bit integers", () => {
  const record = filled([
    '{"position":"9007199254740993"}',
    '{"position":"9007199254740992"}',
    '{"position":"1732896000123"}',
    '{"position":"9007199254740994"}',
    '{"position":"9007199254740995"}',
  ]);
  const series = new Series(record, { field: found("position"), items: [] }, "place");
  series.advance(() => false);
  expect(series.summary).toMatchObject({ latest: "9007199254740995", min: "1732896000123", max: "9007199254740995" });
});
