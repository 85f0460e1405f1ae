// Faults of requests: each kind of field, at each place.
import { expect, test } from "vitest";
import { All, registry } from "../../test/types.ts";
import { t } from "../i18n/index.ts";
import type { JsonValue } from "../json/parse.ts";
import { check } from "./check.ts";

const faults = (value: JsonValue) => check(All, value, registry).map(({ path, key, values }) => `${path.join(".")}: ${t(key, ...values)}`);

test.each<JsonValue>([
  {},
  { doubleValue: "NaN", floatValue: "-Infinity", double_value: 1.5 },
  { doubleValue: "1e300", floatValue: 3.4e38 },
  { int32Value: -2147483648, sint32Value: "2147483647", uint32Value: 4294967295, fixed32Value: "0" },
  { int64Value: "-9223372036854775808", uint64Value: "18446744073709551615", sfixed64Value: 1, sint64Value: "1e3" },
  { boolValue: true, stringValue: "单", bytesValue: "AQI=", colour: "BLUE" },
  { bytesValue: "_-8", colour: 1 },
  { colour: 7 },
  { child: { child: { names: ["a"] } }, children: [{}, { stringValue: "a" }] },
  { counts: { "1": "a", "-5": "b" } },
  { text: "a" },
  { other: {} },
  { time: "2026-01-31T12:00:00.123456789Z", duration: "-1.5s", wrapped: "a", mask: "a,b.c", struct: { a: [1, null] } },
  { time: "2026-01-31T12:00:00+08:00", wrapped: null, value: null },
  { any: { "@type": "type.googleapis.com/t.All", int32Value: 1 } },
  { any: { "@type": "type.googleapis.com/google.protobuf.Duration", value: "1s" } },
  { any: {} },
  { stringValue: null, "[t.extension]": 1 },
])("%j has no fault", (value) => {
  expect(faults(value)).toEqual([]);
});

test.each<[JsonValue, string]>([
  [[], ": an object is expected"],
  ["a", ": an object is expected"],
  [{ nam: 1 }, "nam: t.All has no field nam"],
  [{ doubleValue: "x" }, "doubleValue: a number is expected"],
  [{ doubleValue: "" }, "doubleValue: a number is expected"],
  [{ doubleValue: true }, "doubleValue: a number is expected"],
  [{ floatValue: 1e39 }, "floatValue: a value from -3.4028234663852886e+38 to 3.4028234663852886e+38 is expected"],
  [{ int32Value: 2147483648 }, "int32Value: a value from -2147483648 to 2147483647 is expected"],
  [{ int32Value: 1.5 }, "int32Value: a whole number is expected"],
  [{ uint32Value: -1 }, "uint32Value: a value from 0 to 4294967295 is expected"],
  [{ uint64Value: "18446744073709551616" }, "uint64Value: a value from 0 to 18446744073709551615 is expected"],
  [{ int64Value: "x" }, "int64Value: a whole number is expected"],
  [{ boolValue: "true" }, "boolValue: true or false is expected"],
  [{ stringValue: 1 }, "stringValue: a string is expected"],
  [{ bytesValue: "a" }, "bytesValue: base64 is expected"],
  [{ bytesValue: "a b=" }, "bytesValue: base64 is expected"],
  [{ colour: "RED" }, "colour: one of these is expected: NONE, BLUE"],
  [{ colour: 1.5 }, "colour: one of these is expected: NONE, BLUE"],
  [{ child: 1 }, "child: an object is expected"],
  [{ child: { child: { boolValue: 0 } } }, "child.child.boolValue: true or false is expected"],
  [{ names: "a" }, "names: an array is expected"],
  [{ names: ["a", 1] }, "names.1: a string is expected"],
  [{ names: [null] }, "names.0: null is not allowed here"],
  [{ children: [{}, { x: 1 }] }, "children.1.x: t.All has no field x"],
  [{ counts: [] }, "counts: an object is expected"],
  [{ counts: { x: "a" } }, "counts.x: a whole number is expected"],
  [{ counts: { "1": 1 } }, "counts.1: a string is expected"],
  [{ text: "a", other: {} }, "other: only one field of choice can be set"],
  [{ time: "2026-13-31T12:00:00Z" }, "time: a time such as 2026-01-31T12:00:00Z is expected"],
  [{ duration: "1" }, "duration: a duration such as 1.5s is expected"],
  [{ mask: "a,,b" }, "mask: field paths such as a,b.c are expected"],
  [{ wrapped: 1 }, "wrapped: a string is expected"],
  [{ struct: [] }, "struct: an object is expected"],
  [{ any: { a: 1 } }, "any: the type is expected in “@type”"],
  [{ any: { "@type": "x/y.Z" } }, "any.@type: the type x/y.Z is not known"],
  [{ any: { "@type": "x/t.All", int32Value: "x" } }, "any.int32Value: a whole number is expected"],
  [{ any: { "@type": "x/google.protobuf.Duration", value: 1 } }, "any.value: a duration such as 1.5s is expected"],
])("%j has the fault %s", (value, fault) => {
  expect(faults(value)).toEqual([fault]);
});
