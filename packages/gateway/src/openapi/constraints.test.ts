import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { jsonCodec } from "@grpc-study/codec/json";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect, test } from "vitest";
import { OrderSchema } from "../../test/gen/examples_pb.js";
import { RulesSchema } from "../../test/gen/library_pb.js";
import { Comments } from "./comments.ts";
import type { Schema } from "./document.ts";
import { Schemas } from "./schemas.ts";

const schemas = new Schemas(new Comments(), "json");
schemas.ofMessage(RulesSchema);
schemas.ofMessage(OrderSchema);
const rules = schemas.components["library.v1.Rules"];

test.each<[name: string, schema: Schema]>([
  ["low", { type: "integer", format: "int32", minimum: 0 }],
  ["high", { type: "integer", format: "int32", exclusiveMinimum: -5, exclusiveMaximum: 1000 }],
  ["outside", { type: "integer", format: "int32", anyOf: [{ exclusiveMaximum: 5 }, { exclusiveMinimum: 10 }] }],
  ["fixed", { type: "integer", format: "uint32", minimum: 0, const: 7 }],
  ["some", { type: "integer", format: "int32", enum: [1, 2], examples: [1] }],
  ["others", { type: "integer", format: "int32", not: { enum: [3] } }],
  ["big", { type: "string", format: "int64", pattern: "^-?[0-9]+$", description: "At most 9007199254740993." }],
  ["unsigned", { type: "string", format: "uint64", pattern: "^[1-9][0-9]*$", description: "More than 0." }],
  ["finite", { type: "number", format: "double" }],
  ["ratio", { type: "number", format: "float", minimum: 0, maximum: 1 }],
  [
    "price",
    {
      anyOf: [
        { type: "number", format: "float", minimum: 0.1 },
        { type: "string", enum: ["Infinity"] },
      ],
    },
  ],
  ["address", { type: "string", anyOf: [{ format: "ipv4" }, { format: "ipv6" }] }],
  ["pattern", { type: "string", pattern: "^[a-z]+$" }],
  ["re2", { type: "string", description: "Matches `(?P<x>a)` (RE2)." }],
  ["exact", { type: "string", minLength: 3, maxLength: 3 }],
  ["constant", { type: "string", const: "yes" }],
  ["oneOf", { type: "string", enum: ["", "a"] }],
  ["noneOf", { type: "string", not: { enum: ["b"] } }],
  ["parts", { type: "string", pattern: "^a\\.b", not: { pattern: "--" }, allOf: [{ pattern: "z$" }, { pattern: "-" }] }],
  ["octets", { type: "string", description: "At most 5 bytes in UTF-8." }],
  ["data", { type: "string", contentEncoding: "base64", minLength: 2, maxLength: 8, description: "At least 1 byte. At most 4 bytes." }],
  ["accepted", { type: "boolean", const: true }],
  ["defined", { $ref: "#/components/schemas/library.v1.Genre", enum: ["GENRE_UNSPECIFIED", "GENRE_FACT", "GENRE_FICTION"] }],
  ["chosen", { $ref: "#/components/schemas/library.v1.Genre", enum: ["GENRE_FACT", "GENRE_FICTION"] }],
  ["list", { type: "array", items: { type: "string", maxLength: 5 }, minItems: 1, maxItems: 3, uniqueItems: true }],
  [
    "map",
    {
      type: "object",
      additionalProperties: { type: "integer", format: "int32", exclusiveMinimum: 0 },
      propertyNames: { minLength: 2 },
      minProperties: 1,
      maxProperties: 2,
    },
  ],
  ["text", { type: "string", minLength: 1 }],
  ["chosenText", { type: "string", minLength: 1 }],
  ["maybe", { anyOf: [{ const: "" }, { type: "string", minLength: 3 }] }],
  ["ignored", { type: "string" }],
  ["time", { type: "string", format: "date-time", description: "Not before 1970-01-02T00:00:00Z. In the past." }],
  ["wait", { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$", description: "At least 1s. Less than 60.500s." }],
  ["even", { type: "integer", format: "int32", description: "Rule: must be even (`this % 2 == 0`)." }],
  ["wrapped", { type: ["string", "null"], minLength: 2 }],
  [
    "packed",
    { $ref: "#/components/schemas/google.protobuf.Any", properties: { "@type": { enum: ["type.googleapis.com/library.v1.Book"] } } },
  ],
])("the rules of the field %s are keywords, or text", (name, schema) => {
  expect(rules?.properties?.[name]).toEqual(schema);
});

test("a field is required if a message without it violates its rules", () => {
  expect(rules?.required?.join(" ")).toBe(
    "fixed some unsigned price address pattern exact constant parts data accepted chosen list map text time",
  );
});

test("message rules are in the description, and choices of fields are keywords", () => {
  expect(rules?.description).toBe(
    [
      "Exactly one of `first`, `second`.",
      "Exactly one of `email`, `host`.",
      "Rule: low must not be more than high (`this.low <= this.high`).",
    ].join("\n\n"),
  );
  expect(rules?.dependentSchemas).toEqual({ first: { not: { anyOf: [{ required: ["second"] }] } } });
  expect(rules?.anyOf).toEqual([{ required: ["first"] }, { required: ["second"] }]);
  expect(rules?.allOf).toEqual([
    {
      dependentSchemas: { email: { not: { anyOf: [{ required: ["host"] }] } } },
      anyOf: [{ required: ["email"] }, { required: ["host"] }],
    },
  ]);
});

const validator = createValidator();

type Init = Exclude<MessageInitShape<typeof RulesSchema>, { $typeName: string }>;

const good: Init = {
  high: 5,
  fixed: 7,
  some: 1,
  unsigned: 1n,
  price: 0.5,
  email: "a@example.com",
  address: "127.0.0.1",
  pattern: "a",
  re2: "a",
  exact: "abc",
  constant: "yes",
  parts: "a.b-z",
  data: new Uint8Array(2),
  accepted: true,
  chosen: 1,
  list: ["a"],
  map: { ab: 1 },
  text: "a",
  time: { seconds: 100_000n },
  choice: { case: "second", value: 1 },
};

// The schema must agree with protovalidate.
test.each<[what: string, change: Init]>([
  ["a valid message", {}],
  ["a minimum", { low: -1 }],
  ["an exclusive maximum", { high: 1000 }],
  ["a gap", { outside: 7 }],
  ["a value below a gap", { outside: 4 }],
  ["a value above a gap", { outside: 11 }],
  ["an unset constant", { fixed: 0 }],
  ["a value that is not in the list", { some: 3 }],
  ["a value that is in the list", { some: 2 }],
  ["a forbidden value", { others: 3 }],
  ["an unset 64-bit integer", { unsigned: 0n }],
  ["NaN that must be finite", { finite: Number.NaN }],
  ["infinity beyond a maximum", { ratio: Number.POSITIVE_INFINITY }],
  ["infinity above a minimum", { price: Number.POSITIVE_INFINITY }],
  ["NaN with a minimum", { price: Number.NaN }],
  ["a 32-bit float at its minimum", { price: Math.fround(0.1) }],
  ["an invalid e-mail address", { email: "a" }],
  ["a host instead of an e-mail address", { email: "", host: "example.com" }],
  ["neither e-mail address nor host", { email: "" }],
  ["both e-mail address and host", { host: "example.com" }],
  ["an IPv6 address", { address: "::1" }],
  ["an invalid IP address", { address: "localhost" }],
  ["a pattern", { pattern: "A" }],
  ["a length in characters, not in UTF-16", { exact: "😀😀😀" }],
  ["another length", { exact: "ab" }],
  ["a prefix", { parts: "aXb-z" }],
  ["a suffix", { parts: "a.b-y" }],
  ["what a string must contain", { parts: "a.bz" }],
  ["what a string must not contain", { parts: "a.b--z" }],
  ["too many bytes, beyond padding", { data: new Uint8Array(7) }],
  ["the maximum number of bytes", { data: new Uint8Array(4) }],
  ["no bytes", { data: new Uint8Array() }],
  ["false", { accepted: false }],
  ["the zero value of an enum", { chosen: 0 }],
  ["an undefined enum value", { defined: 9 as never }],
  ["too many items", { list: ["a", "b", "c", "d"] }],
  ["a repeated item", { list: ["a", "a"] }],
  ["an item that is too long", { list: ["abcdef"] }],
  ["no items", { list: [] }],
  ["a key that is too short", { map: { a: 1 } }],
  ["a value that is too small", { map: { ab: 0 } }],
  ["no pairs", { map: {} }],
  ["a required string that is empty", { text: "" }],
  ["an optional string that is empty", { chosenText: "" }],
  ["an ignored zero value", { maybe: "" }],
  ["a nonzero value where zero is ignored", { maybe: "ab" }],
  ["an ignored rule", { ignored: "a" }],
  ["the other field of a oneof", { choice: { case: "first", value: 2 } }],
  ["a oneof field that violates its own rule", { choice: { case: "first", value: 1 } }],
  ["an unset oneof", { choice: { case: undefined } }],
  ["a string in a wrapper", { wrapped: "a" }],
])("schema and rules agree on %s", (_what, change) => {
  const message = create(RulesSchema, { ...good, ...change });
  const json: unknown = JSON.parse(jsonCodec(RulesSchema).print(message));
  expect([json, matches(json)]).toEqual([json, validator.validate(RulesSchema, message).kind === "valid"]);
});

test.each<[string, MessageInitShape<typeof OrderSchema>]>([
  ["valid fields", {}],
  ["a zero in a list that ignores zeros", { zeros: [0, 6] }],
  ["too small a value in a list that ignores zeros", { zeros: [0, 5] }],
  ["any values in a list whose items are not validated", { free: [1, 0, 9] }],
  ["a message that is not validated", { unchecked: { product: "", count: 99 } }],
  ["messages in a map that are not validated", { freeLines: { a: { product: "x", count: 0 } } }],
  [
    "a message that is validated",
    {
      lines: [
        { product: "abc", count: 11 },
        { product: "abc", count: 1 },
      ],
    },
  ],
  ["an undefined enum value", { genre: 99 as never }],
  ["an undefined enum value where it must be defined", { known: 99 as never }],
  ["a defined enum value where it must be defined", { known: 2 }],
])("schema and rules agree on an order with %s", (_what, change) => {
  const lines = [
    { product: "abc", count: 1 },
    { product: "abc", count: 1 },
  ];
  const order = { lines, payment: { case: "voucher", value: "V-123456" }, stock: { abc: 11, def: 12 }, tags: ["aa", "bb", "cc"] } as const;
  const message = create(OrderSchema, { ...order, tags: [...order.tags], digest: new Uint8Array(32), ...change });
  const json: unknown = JSON.parse(jsonCodec(OrderSchema).print(message));
  expect([json, matchesOrder(json)]).toEqual([json, validator.validate(OrderSchema, message).kind === "valid"]);
});

const ajv = addFormats.default(new Ajv2020({ strict: false, logger: false }));
ajv.addSchema({ $id: "https://gateway.test/", components: { schemas: schemas.components } });
const matches = ajv.compile({ $ref: "https://gateway.test/#/components/schemas/library.v1.Rules" });
const matchesOrder = ajv.compile({ $ref: "https://gateway.test/#/components/schemas/grpc_study.examples.Order" });
