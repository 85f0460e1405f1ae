// The rules of buf.validate in words, and checked.
import {
  create,
  createFileRegistry,
  createRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { file_buf_validate_validate, ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "vitest";
import { language, t } from "../i18n/index.ts";
import { toBase64 } from "../json/bytes.ts";
import type { JsonValue } from "../json/parse.ts";
import { check, pathText } from "../schema/check.ts";
import { hasRules } from "../schema/has-rules.ts";
import { checkRules, rulesOf, violationsOf } from "./index.ts";

let number = 0;
const field = (name: string, type: string, rules: JsonObject | undefined, more: JsonObject = {}) => ({
  name,
  jsonName: name.replace(/_(.)/g, (_all, next: string) => next.toUpperCase()),
  number: ++number,
  label: "LABEL_OPTIONAL",
  ...(type.startsWith(".") ? { type: type === ".r.Kind" ? "TYPE_ENUM" : "TYPE_MESSAGE", typeName: type } : { type }),
  ...(rules && { options: { "[buf.validate.field]": rules } }),
  ...more,
});
const repeated = { label: "LABEL_REPEATED" };
const hostile = "<img src=x onerror=alert(1)> {0}";

const json = {
  file: [
    {
      name: "r.proto",
      package: "r",
      syntax: "proto3",
      dependency: ["google/protobuf/timestamp.proto"],
      messageType: [
        {
          name: "All",
          options: { "[buf.validate.message]": { cel: [{ id: "order", message: hostile, expression: "this.low <= this.high" }] } },
          field: [
            field("order_no", "TYPE_STRING", { string: { minLen: "1", maxLen: "4" } }),
            field("email", "TYPE_STRING", { string: { email: true }, ignore: "IGNORE_IF_ZERO_VALUE" }),
            field("code", "TYPE_STRING", { string: { pattern: "^[a-z]*$" } }),
            field("low", "TYPE_INT32", { int32: { gte: 0, lte: 10 } }),
            field("high", "TYPE_INT64", undefined),
            field("outside", "TYPE_DOUBLE", { double: { gt: 5, lt: -5, finite: true }, ignore: "IGNORE_IF_ZERO_VALUE" }),
            field("kind", ".r.Kind", { enum: { definedOnly: true, notIn: [2] } }),
            field("child", ".r.All", { required: true }),
            field("names", "TYPE_STRING", { repeated: { maxItems: "2", unique: true, items: { string: { minLen: "2" } } } }, repeated),
            field("counts", ".r.All.CountsEntry", { map: { keys: { string: { len: "1" } }, values: { int32: { gt: 0 } } } }, repeated),
            field("time", ".google.protobuf.Timestamp", { timestamp: { ltNow: true } }),
            field("one", "TYPE_STRING", undefined, { oneofIndex: 0 }),
            field("two", "TYPE_STRING", undefined, { oneofIndex: 0 }),
          ],
          nestedType: [
            {
              name: "CountsEntry",
              options: { mapEntry: true },
              field: [
                { ...field("key", "TYPE_STRING", undefined), number: 1 },
                { ...field("value", "TYPE_INT32", undefined), number: 2 },
              ],
            },
          ],
          oneofDecl: [{ name: "choice", options: { "[buf.validate.oneof]": { required: true } } }],
        },
        { name: "Free", field: [field("text", "TYPE_STRING", undefined)] },
      ],
      enumType: [{ name: "Kind", value: ["A", "B", "C"].map((name, index) => ({ name, number: index })) }],
    },
  ],
};
const set = fromJson(FileDescriptorSetSchema, json, { registry: createRegistry(file_buf_validate_validate) });
// As the page receives it: options are bytes.
const received = fromBinary(FileDescriptorSetSchema, toBinary(FileDescriptorSetSchema, set));
const registry = createFileRegistry({ ...received, file: [TimestampSchema.file.proto, ...received.file] });
const All = registry.getMessage("r.All") as DescMessage;
const Free = registry.getMessage("r.Free") as DescMessage;

const words = (name: string) =>
  rulesOf(All.fields.find((one) => one.name === name) ?? All).map(({ text: { key, values } }) => t(key, ...values));

test("each rule is said in words, in both languages", () => {
  expect(Object.fromEntries(All.fields.map(({ name }) => [name, words(name)]).filter(([, rules]) => rules?.length))).toEqual({
    order_no: ["at least 1 character", "at most 4 characters"],
    email: ["an email address", "only checked if set"],
    code: ["matches ^[a-z]*$"],
    low: ["at least 0, at most 10"],
    outside: ["more than 5, or less than -5", "a finite number", "only checked if set"],
    kind: ["a value that the enum has", "none of C"],
    child: ["required"],
    names: ["at most 2 items", "no item twice", "each item: at least 2 characters"],
    counts: ["each key: exactly 1 character", "each value: more than 0"],
    time: ["in the past"],
  });
  expect(words("")).toEqual([hostile]);
  expect(rulesOf(All.oneofs[0] as never).map(({ text }) => t(text.key))).toEqual(["one of the fields is required"]);
  language.value = "zh";
  expect([words("low"), words("names")]).toEqual([["不小于 0，不大于 10"], ["至多 2 项", "各项不重复", "每一项：至少 2 个字符"]]);
  language.value = "en";
});

test("only messages with rules load the code of rules", () => {
  expect([hasRules(All), hasRules(Free)]).toEqual([true, false]);
});

const good = { orderNo: "a", high: "1", child: { orderNo: "b", child: {}, one: "" }, one: "x" };
const faults = (value: JsonValue) =>
  checkRules(All, value, registry, check(All, value, registry)).map(({ path, key, values }) => `${pathText(path)}: ${t(key, ...values)}`);
const inner = [
  "child.child.orderNo: expected: at least 1 character",
  "child.child.child: a value is required",
  "child.child.choice: a value is required",
];

test.each<[object, readonly string[]]>([
  [{}, []],
  [{ orderNo: "" }, ["orderNo: expected: at least 1 character"]],
  [{ email: "x" }, ["email: expected: an email address"]],
  [{ code: "A" }, ["code: expected: matches ^[a-z]*$"]],
  [{ low: 11 }, ["low: expected: at least 0, at most 10", `: ${hostile}`]],
  [{ outside: 1 }, ["outside: expected: more than 5, or less than -5"]],
  [{ kind: 7 }, ["kind: expected: a value that the enum has"]],
  [{ names: ["aa", "b"] }, ["names.1: expected: at least 2 characters"]],
  [{ names: ["aa", "aa"] }, ["names: expected: no item twice"]],
  [{ counts: { ab: 0 } }, ["counts.ab: expected: exactly 1 character", "counts.ab: expected: more than 0"]],
  [{ time: "2999-01-01T00:00:00Z" }, ["time: expected: in the past"]],
  // A value that is none of its type has that fault alone, and hides no other.
  [{ orderNo: 5, code: "A" }, ["code: expected: matches ^[a-z]*$"]],
  [{ names: ["aa", 5], code: "A" }, ["code: expected: matches ^[a-z]*$"]],
])("%j has the faults %j", (change, expected) => {
  expect(faults({ ...good, ...change } as JsonValue).sort()).toEqual([...expected, ...inner].sort());
});

test("keys of a map are at fault themselves, and names of the .proto stay", () => {
  const value = { ...good, counts: { ab: 1 }, order_no: "long one", orderNo: undefined } as never;
  const { orderNo: _, ...request } = value as { orderNo: unknown };
  const found = checkRules(All, request as JsonValue, registry, []);
  expect(found.filter(({ ofKey }) => ofKey).map(({ path }) => path)).toEqual([["counts", "ab"]]);
  expect(found.map(({ path }) => path[0])).toContain("order_no");
});

test("violations of a server are read from their bytes", () => {
  const violations = create(ViolationsSchema, {
    violations: [
      { message: "bad", field: { elements: [{ fieldName: "names", subscript: { case: "index", value: 2n } }, { fieldName: "x" }] } },
      { ruleId: "r", forKey: true, field: { elements: [{ fieldName: "counts", subscript: { case: "stringKey", value: 'a"]' } }] } },
    ],
  });
  expect(violationsOf(toBase64(toBinary(ViolationsSchema, violations)))).toEqual([
    { field: "names[2].x", text: "bad", ofKey: false },
    { field: 'counts["a\\"]"]', text: "r", ofKey: true },
  ]);
});
