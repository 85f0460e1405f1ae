// Values that canonical JSON cannot express have a fallback form that reads back: an upstream may
// send anything that the wire format allows.
import { create, createRegistry, equals, fromBinary, type JsonValue, toBinary } from "@bufbuild/protobuf";
import {
  AnySchema,
  file_google_protobuf_any,
  file_google_protobuf_empty,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  TimestampSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { RequiredSchema } from "../../test/gen/json2_pb.js";
import { file_things, InfoSchema, type Thing, ThingSchema } from "../../test/gen/things_pb.js";
import { jsonCodec } from "./index.ts";

const registry = createRegistry(
  file_google_protobuf_any,
  file_google_protobuf_empty,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  file_things,
);
const codec = jsonCodec(ThingSchema, { fallbacks: true, registry });

/** Prints a message that was decoded from the wire, and reads it back. */
function roundTrip(thing: Thing): { json: JsonValue; again: Thing } {
  const text = codec.print(fromBinary(ThingSchema, toBinary(ThingSchema, thing)));
  return { json: JSON.parse(text), again: codec.parse(text) };
}

const any = (typeUrl: string, value: Uint8Array) => create(ThingSchema, { anyValue: { typeUrl, value: new Uint8Array(value) } });
const info = toBinary(InfoSchema, create(InfoSchema, { reason: "R" }));
const url = (name: string) => `type.googleapis.com/${name}`;

test.each<[string, Thing, JsonValue]>([
  ["a message", any(url("grpc_study.codec_test.Info"), info), { anyValue: { "@type": url("grpc_study.codec_test.Info"), reason: "R" } }],
  [
    "a Timestamp",
    any(url("google.protobuf.Timestamp"), toBinary(TimestampSchema, create(TimestampSchema, { seconds: 1n }))),
    { anyValue: { "@type": url("google.protobuf.Timestamp"), value: "1970-01-01T00:00:01Z" } },
  ],
  [
    "a wrapper",
    any(url("google.protobuf.Int32Value"), Uint8Array.of(8, 5)),
    { anyValue: { "@type": url("google.protobuf.Int32Value"), value: 5 } },
  ],
  [
    "a message of a number",
    any(url("grpc_study.codec_test.Code"), Uint8Array.of(8, 5)),
    { anyValue: { "@type": url("grpc_study.codec_test.Code"), code: 5 } },
  ],
  ["an Empty", any(url("google.protobuf.Empty"), new Uint8Array()), { anyValue: { "@type": url("google.protobuf.Empty") } }],
  ["an unknown type", any(url("a.B"), Uint8Array.of(8, 1)), { anyValue: { "@type": url("a.B"), value: "CAE=" } }],
  ["an empty message of an unknown type", any(url("a.B"), new Uint8Array()), { anyValue: { "@type": url("a.B"), value: "" } }],
  ["a type that is not a URL", any("B", Uint8Array.of(255)), { anyValue: { "@type": "B", value: "/w==" } }],
  ["no type", any("", Uint8Array.of(1)), { anyValue: { "@type": "", value: "AQ==" } }],
  [
    "bytes of another type",
    any(url("grpc_study.codec_test.Info"), Uint8Array.of(10, 255)),
    { anyValue: { "@type": url("grpc_study.codec_test.Info"), value: "Cv8=" } },
  ],
])("an Any: %s", (_what, thing, expected) => {
  const { json, again } = roundTrip(thing);
  expect(json).toEqual(expected);
  expect(equals(ThingSchema, again, thing)).toBe(true);
});

test.each<[string, Thing, JsonValue]>([
  [
    "a Timestamp after the year 9999",
    create(ThingSchema, { timestampValue: { seconds: 253_402_300_800n, nanos: 5 } }),
    { timestampValue: { seconds: "253402300800", nanos: 5 } },
  ],
  [
    "a Timestamp with negative nanoseconds, in a list",
    create(ThingSchema, { repeatedTimestamp: [{ nanos: -1 }] }),
    { repeatedTimestamp: [{ seconds: "0", nanos: -1 }] },
  ],
  [
    "a Duration of more than 10,000 years",
    create(ThingSchema, { durationValue: { seconds: -(2n ** 63n) } }),
    { durationValue: { seconds: "-9223372036854775808", nanos: 0 } },
  ],
  [
    "a Duration with mixed signs",
    create(ThingSchema, { durationValue: { seconds: 1n, nanos: -1 } }),
    { durationValue: { seconds: "1", nanos: -1 } },
  ],
  ["a path in camelCase", create(ThingSchema, { fieldmaskValue: { paths: ["aB"] } }), { fieldmaskValue: { paths: ["aB"] } }],
  ["an odd path", create(ThingSchema, { fieldmaskValue: { paths: ["a,b", "_", ""] } }), { fieldmaskValue: { paths: ["a,b", "_", ""] } }],
  ["an empty path", create(ThingSchema, { fieldmaskValue: { paths: [""] } }), { fieldmaskValue: { paths: [""] } }],
])("%s is printed as an object of its fields", (_what, thing, expected) => {
  const { json, again } = roundTrip(thing);
  expect(json).toEqual(expected);
  expect(equals(ThingSchema, again, thing)).toBe(true);
  // Canonical JSON has no such form.
  expect(() => jsonCodec(ThingSchema).parse(JSON.stringify(expected))).toThrow();
});

describe("in a Struct, a Value or a ListValue", () => {
  const number = (value: number) => create(ValueSchema, { kind: { case: "numberValue", value } });

  test("NaN and the infinities are strings, as in a field of type double", () => {
    const thing = create(ThingSchema, {
      structValue: { a: Number.NaN, b: [Number.POSITIVE_INFINITY, { c: Number.NEGATIVE_INFINITY }] },
      structValueValue: number(Number.POSITIVE_INFINITY),
      listValue: { values: [number(Number.NaN), number(1)] },
      wrapped: { case: "wrappedStruct", value: { d: Number.NaN } },
    });
    expect(roundTrip(thing).json).toEqual({
      structValue: { a: "NaN", b: ["Infinity", { c: "-Infinity" }] },
      structValueValue: "Infinity",
      listValue: ["NaN", 1],
      wrappedStruct: { d: "NaN" },
    });
  });

  test("a Value without a kind is null", () => {
    const thing = create(ThingSchema, { structValueValue: {}, listValue: { values: [{}] }, repeatedAnyJson: [{}] });
    expect(roundTrip(thing).json).toEqual({ structValueValue: null, listValue: [null], repeatedAnyJson: [null] });
  });
});

test("nested Anys are printed up to a limit, and then as bytes", () => {
  let bytes: Uint8Array = new Uint8Array();
  for (let depth = 0; depth < 200; depth++) {
    bytes = toBinary(AnySchema, create(AnySchema, { typeUrl: url("google.protobuf.Any"), value: new Uint8Array(bytes) }));
  }
  const { again } = roundTrip(create(ThingSchema, { anyValue: fromBinary(AnySchema, bytes) }));
  expect(Buffer.compare(toBinary(AnySchema, again.anyValue ?? create(AnySchema)), bytes)).toBe(0);
});

test("an unset required field is omitted", () => {
  expect(jsonCodec(RequiredSchema, { fallbacks: true }).print(create(RequiredSchema, { id: 1 }))).toBe('{"id":1}');
});

test("an invalid object is rejected with the field's name", () => {
  expect(() => codec.parse('{"timestampValue":{"seconds":"x"}}')).toThrow("timestamp_value: an object is not a google.protobuf.Timestamp");
  expect(() => codec.parse('{"anyValue":{"@type":"type.googleapis.com/a.B","value":"?"}}')).toThrow("any_value.value: ");
  expect(() => codec.parse('{"anyValue":{"@type":"type.googleapis.com/a.B","x":1}}')).toThrow(
    'the type "type.googleapis.com/a.B" is unknown',
  );
  expect(() => codec.parse('{"timestampValue":{"seconds":"1","seconds":"2"}}')).toThrow('duplicate key "seconds"');
});
