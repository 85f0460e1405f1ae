import { create, createRegistry, type DescMessage } from "@bufbuild/protobuf";
import { AnySchema, anyPack, Int32ValueSchema, StructSchema, TimestampSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as json2 from "../../test/gen/json2_pb.js";
import * as json3 from "../../test/gen/json3_pb.js";
import { JsonError, type JsonOptions, jsonCodec, jsonFieldCodec } from "./index.ts";

const registry = createRegistry(json2.file_json2, json3.file_json3, TimestampSchema, Int32ValueSchema);

/** Returns the message and the field of the error for a text. */
function errorFor(schema: DescMessage, text: string, options: JsonOptions = {}): { message: string; field: string | undefined } {
  try {
    jsonCodec(schema, options).parse(text);
  } catch (thrown) {
    if (thrown instanceof JsonError) {
      return { message: thrown.message, field: thrown.field };
    }
    throw thrown;
  }
  throw new Error(`accepted: ${text}`);
}

/** Returns the message of the error, or "no error". */
function lineOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    return thrown instanceof JsonError ? thrown.message : String(thrown);
  }
  return "no error";
}

describe("an error names the field and the value", () => {
  test.each([
    [json3.ScalarsSchema, '{"int32_value":"abc"}', 'int32_value: "abc" is not an int32', "int32_value"],
    [json3.ScalarsSchema, '{"int32Value":1.5}', "int32_value: 1.5 is not an int32", "int32_value"],
    [json3.ScalarsSchema, '{"uint64Value":-1}', "uint64_value: -1 is not a uint64", "uint64_value"],
    [json3.ScalarsSchema, '{"floatValue":1e39}', "float_value: 1e+39 is not a float", "float_value"],
    [json3.ScalarsSchema, '{"boolValue":"true"}', 'bool_value: "true" is not a bool', "bool_value"],
    [json3.ScalarsSchema, '{"stringValue":["x"]}', "string_value: a list is not a string", "string_value"],
    [json3.ScalarsSchema, '{"stringValue":"\\ud800"}', 'string_value: "\\ud800" is not a string of valid Unicode', "string_value"],
    [json3.ScalarsSchema, '{"bytesValue":"%%"}', 'bytes_value: "%%" is not base64', "bytes_value"],
    [json3.WellKnownSchema, '{"timestamp":"zzz"}', 'timestamp: "zzz" is not a timestamp (RFC 3339)', "timestamp"],
    [
      json3.WellKnownSchema,
      '{"timestamp":"2021-02-30T00:00:00Z"}',
      'timestamp: "2021-02-30T00:00:00Z" is not a timestamp (RFC 3339)',
      "timestamp",
    ],
    [
      json3.WellKnownSchema,
      '{"timestamp":"2021-01-02T24:00:00Z"}',
      'timestamp: "2021-01-02T24:00:00Z" is not a timestamp (RFC 3339)',
      "timestamp",
    ],
    [json3.WellKnownSchema, '{"duration":"1s x"}', 'duration: "1s x" is not a duration (such as "1.5s")', "duration"],
    [json3.WellKnownSchema, '{"duration":"1"}', 'duration: "1" is not a duration (such as "1.5s")', "duration"],
    [json3.WellKnownSchema, '{"int32Value":"x"}', 'int32_value: "x" is not an int32', "int32_value"],
    [json3.WellKnownSchema, '{"timestamps":["2024-05-06T07:08:09Z",1]}', "timestamps[1]: 1 is not a timestamp (RFC 3339)", "timestamps[1]"],
    [
      json3.ListsSchema,
      '{"scalarsList":[{},{"int32Value":true}]}',
      "scalars_list[1].int32_value: true is not an int32",
      "scalars_list[1].int32_value",
    ],
    [json3.ListsSchema, '{"strings":["a",null]}', "strings[1]: a list must not contain null", "strings[1]"],
    [json3.ListsSchema, '{"strings":"a"}', 'strings: "a" is not a list', "strings"],
    [json3.MapsSchema, '{"bools":{"true":{"left":5}}}', 'bools["true"].left: 5 is not an object', 'bools["true"].left'],
    [json3.MapsSchema, '{"int32s":{"x":5}}', 'int32s["x"]: "x" is not an int32 for a key', 'int32s["x"]'],
    [json3.MapsSchema, '{"int32s":{"1":5,"01":6}}', 'int32s: the key "01" is set twice', "int32s"],
    [json3.MapsSchema, '{"strings":{"a":null}}', 'strings["a"]: a map must not contain null', 'strings["a"]'],
    [
      json3.ChoiceSchema,
      '{"int32Value":1,"stringValue":"x"}',
      "string_value: another field of the oneof choice is set too",
      "string_value",
    ],
    [json3.ScalarsSchema, '{"int32Value":1,"int32_value":2}', "int32_value: set twice, by both of its names", "int32_value"],
    [json3.ScalarsSchema, "[]", "a list is not an object", undefined],
    [json3.ScalarsSchema, '{"int32Value":1,"int32Value":2}', 'duplicate key "int32Value"', undefined],
    [json3.ScalarsSchema, '{"no":{"a":1,"\\u0061":2}}', 'duplicate key "a"', undefined],
  ] as const)("%#: %s %s", (schema, text, message, field) => {
    expect(errorFor(schema, text)).toEqual({ message, field });
  });

  test("for unknown fields and enum value names if they are not ignored", () => {
    const options = { ignoreUnknownFields: false };
    expect(errorFor(json3.ListsSchema, '{"scalarsList":[{"nope":1}]}', options).message).toBe("scalars_list[0].nope: unknown field");
    expect(errorFor(json3.ScalarsSchema, '{"new\\nline":1}', options).message).toBe('"new\\nline": unknown field');
    expect(errorFor(json3.ScalarsSchema, '{"colour":"PINK"}', options).message).toBe(
      'colour: "PINK" is not a value of the enum grpc_study.json3.Colour',
    );
  });

  test("and truncates long values", () => {
    const { message, field } = errorFor(json3.ScalarsSchema, JSON.stringify({ int32Value: "9".repeat(10_000) }));
    expect(field).toBe("int32_value");
    expect(message.length).toBeLessThan(120);
  });

  test("within an Any and an extension", () => {
    const any = '{"any":{"@type":"type.googleapis.com/grpc_study.json3.Scalars","int32Value":"x"}}';
    expect(errorFor(json3.WellKnownSchema, any, { registry }).message).toBe('any.int32_value: "x" is not an int32');
    const timestamp = '{"any":{"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"x"}}';
    expect(errorFor(json3.WellKnownSchema, timestamp, { registry }).message).toBe('any.value: "x" is not a timestamp (RFC 3339)');
    const unknown = '{"any":{"@type":"type.googleapis.com/no.Such"}}';
    expect(errorFor(json3.WellKnownSchema, unknown, { registry }).message).toBe('any: the type "type.googleapis.com/no.Such" is unknown');
    const extension = '{"child":{"[grpc_study.json2.ext_message]":{"plain":"x"}}}';
    expect(errorFor(json2.PresenceSchema, extension, { registry }).message).toBe(
      'child[grpc_study.json2.ext_message].plain: "x" is not an int32',
    );
  });

  test("for malformed JSON, with the position if V8 reports it", () => {
    expect(errorFor(json3.ScalarsSchema, '{"a" 1}').message).toBe(
      "malformed JSON: expected ':' after property name at position 5 (line 1 column 6)",
    );
    expect(errorFor(json3.ScalarsSchema, '{"a":x}').message).toBe('malformed JSON: unexpected "x"');
    expect(errorFor(json3.ScalarsSchema, "").message).toBe("malformed JSON: unexpected end of JSON input");
  });
});

describe("depth", () => {
  const nested = (levels: number) => `${'{"left":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`;

  test("100 levels of messages are accepted, 101 are rejected", () => {
    expect(jsonCodec(json3.TreeSchema).parse(nested(100)).$typeName).toBe("grpc_study.json3.Tree");
    expect(errorFor(json3.TreeSchema, nested(101)).message).toMatch(/^left\.left.*: nested more than 100 levels deep$/);
  });

  test("two hundred thousand levels are rejected in messages, Values and malformed JSON, and skipped in unknown fields", () => {
    const lists = "[".repeat(200_000) + "]".repeat(200_000);
    expect(errorFor(json3.TreeSchema, nested(100_000)).message).toMatch(/nested more than 100 levels deep$/);
    expect(errorFor(json3.WellKnownSchema, `{"value":${lists}}`).message).toBe("value: nested more than 100 levels deep");
    expect(errorFor(json3.WellKnownSchema, `{"struct":{"a":${lists}}}`).message).toBe("struct: nested more than 100 levels deep");
    expect(errorFor(json3.WellKnownSchema, "[".repeat(200_000)).message).toBe("malformed JSON: unexpected end of JSON input");
    expect(jsonCodec(json3.TreeSchema).parse(`{"unknown":${lists}}`)).toEqual(create(json3.TreeSchema));
  });

  test("a message with a cycle is rejected", () => {
    const tree = create(json3.TreeSchema);
    tree.left = tree;
    expect(lineOf(() => jsonCodec(json3.TreeSchema).print(tree))).toBe("the message is nested too deeply");
  });
});

describe("printing fails with the path of a value without a JSON form", () => {
  test.each([
    [
      create(json3.WellKnownSchema, { timestamp: { seconds: 1n << 60n } }),
      "timestamp: 1152921504606846976 seconds are outside the years 0001 to 9999 of a timestamp",
    ],
    [
      create(json3.WellKnownSchema, { durations: [{}, { seconds: 1n, nanos: -1 }] }),
      "durations[1]: a duration's seconds and nanos must have the same sign, not 1 and -1",
    ],
    [
      create(json3.WellKnownSchema, { fieldMask: { paths: ["fooBar"] } }),
      'field_mask: the path "fooBar" does not survive the conversion to lowerCamelCase and back',
    ],
    [create(json3.WellKnownSchema, { valueMap: { x: {} } }), 'value_map["x"]: a google.protobuf.Value must have a value'],
    [create(json3.WellKnownSchema, { any: { typeUrl: "x/no.Such" } }), 'any: the type "x/no.Such" is unknown'],
  ])("%#", (message, reason) => {
    expect(lineOf(() => jsonCodec(json3.WellKnownSchema, { registry }).print(message))).toBe(reason);
  });

  test("for an unset required field", () => {
    const message = create(json2.RequiredSchema, { id: 1, name: "a", child: { id: 2 } });
    expect(lineOf(() => jsonCodec(json2.RequiredSchema).print(message))).toBe("child.name: a required field is not set");
  });

  test("for a message or value of another type", () => {
    const codec: { print(message: unknown): string } = jsonCodec(json3.TreeSchema) as never;
    expect(lineOf(() => codec.print(create(json3.NothingSchema)))).toBe("a grpc_study.json3.Nothing is not a grpc_study.json3.Tree");
    const tree = create(json3.TreeSchema, { children: [{}, {}] });
    Object.assign(tree.children[1] ?? {}, { name: 5 });
    expect(lineOf(() => codec.print(tree))).toBe("children[1].name: 5 is not a string");
  });
});

test("codecs are cached for each schema and set of options", () => {
  expect(jsonCodec(json3.TreeSchema)).toBe(jsonCodec(json3.TreeSchema, { fieldNames: "json", emitDefaults: false }));
  expect(jsonCodec(json3.TreeSchema)).not.toBe(jsonCodec(json3.TreeSchema, { emitDefaults: true }));
  expect(jsonCodec(json3.TreeSchema, { registry })).toBe(jsonCodec(json3.TreeSchema, { registry }));
});

test("fromJson neither changes nor keeps the caller's value", () => {
  const json = { strings: ["a"], int32s: [1] };
  const message = jsonCodec(json3.ListsSchema).fromJson(json);
  message.strings.push("b");
  expect(json).toEqual({ strings: ["a"], int32s: [1] });
  const map = { strings: { a: "b" } };
  jsonCodec(json3.MapsSchema).fromJson(map).strings["c"] = "d";
  expect(map).toEqual({ strings: { a: "b" } });
});

test("fromJson still copies the value after parse has failed", () => {
  expect(() => jsonCodec(json3.ListsSchema).parse('{"strings":[1]}')).toThrow(JsonError);
  const json = { strings: ["a"] };
  expect(jsonCodec(json3.ListsSchema).fromJson(json).strings).not.toBe(json.strings);
});

test("colons and quotes in strings do not hide duplicate keys", () => {
  const text = '{ "strings" : ["a:b", "\\":", "\\\\", ":"], "strings" : [] }';
  expect(errorFor(json3.ListsSchema, text).message).toBe('duplicate key "strings"');
  const strings = ["a:b", '":', "\\", ":", '{"a":1}'];
  expect(jsonCodec(json3.ListsSchema).parse(JSON.stringify({ strings }, null, 2)).strings).toEqual(strings);
});

describe("the codec of a field", () => {
  const { field } = json3.WellKnownSchema;
  const message = () => create(json3.WellKnownSchema);

  test("prints the value, set or unset", () => {
    const printed = (name: keyof typeof field, from = message()) => jsonFieldCodec(field[name]).print(from);
    expect(
      (["timestamp", "struct", "value", "any", "int32Value", "timestamps", "timestampMap"] as const).map((name) => printed(name)),
    ).toEqual(["null", "null", "null", "null", "null", "[]", "{}"]);
    expect(printed("int32Value", create(json3.WellKnownSchema, { int32Value: 0 }))).toBe("0");
    expect(printed("struct", create(json3.WellKnownSchema, { struct: { a: [1] } }))).toBe('{"a":[1]}');
    expect(json3.ScalarsSchema.fields.map((scalar) => jsonFieldCodec(scalar).print(create(json3.ScalarsSchema)))).toEqual([
      "0",
      "0",
      "0",
      '"0"',
      "0",
      '"0"',
      "0",
      '"0"',
      "0",
      '"0"',
      "0",
      '"0"',
      "false",
      '""',
      '""',
      '"COLOUR_UNSPECIFIED"',
      '"0"',
      '"0"',
    ]);
    expect(jsonFieldCodec(json2.PresenceSchema.field.stringValue).print(create(json2.PresenceSchema))).toBe('"a \\"b\\""');
    expect(
      jsonFieldCodec(json3.ChoiceSchema.field.tree).print(create(json3.ChoiceSchema, { choice: { case: "boolValue", value: true } })),
    ).toBe("null");
  });

  test("sets and replaces the value, and null clears it", () => {
    const whole = message();
    jsonFieldCodec(field.timestamp).parseInto('"2024-05-06T07:08:09Z"', whole);
    expect(whole.timestamp?.seconds).toBe(1_714_979_289n);
    jsonFieldCodec(field.timestamp).parseInto("null", whole);
    expect(whole).toEqual(message());
    jsonFieldCodec(field.value).parseInto("null", whole);
    expect(whole.value?.kind.case).toBe("nullValue");
    jsonFieldCodec(field.timestamps).fromJsonInto(["2024-05-06T07:08:09Z"], whole);
    jsonFieldCodec(field.timestamps).fromJsonInto([], whole);
    expect(whole.timestamps).toEqual([]);
  });

  test("leaves other fields unchanged, and the whole message if the JSON is invalid", () => {
    const choice = create(json3.ChoiceSchema, { before: "b", choice: { case: "int32Value", value: 5 } });
    jsonFieldCodec(json3.ChoiceSchema.field.tree).parseInto("null", choice);
    expect(choice.choice).toEqual({ case: "int32Value", value: 5 });
    expect(lineOf(() => jsonFieldCodec(json3.ChoiceSchema.field.tree).parseInto('{"name":1}', choice))).toBe(
      "tree.name: 1 is not a string",
    );
    expect(choice.choice).toEqual({ case: "int32Value", value: 5 });
    jsonFieldCodec(json3.ChoiceSchema.field.tree).parseInto('{"name":"n"}', choice);
    expect(choice.choice.case).toBe("tree");
    expect(choice.before).toBe("b");
  });

  test("rejects duplicate keys in text", () => {
    expect(lineOf(() => jsonFieldCodec(json3.TreeSchema.field.left).parseInto('{"name":"a","name":"b"}', create(json3.TreeSchema)))).toBe(
      'duplicate key "name"',
    );
  });
});

test("a well-known type works as the outermost message", () => {
  expect(jsonCodec(ValueSchema).print(jsonCodec(ValueSchema).parse('{"a":[1,null,"x"]}'))).toBe('{"a":[1,null,"x"]}');
  expect(jsonCodec(StructSchema).print(jsonCodec(StructSchema).parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
  expect(jsonCodec(Int32ValueSchema).parse("null").value).toBe(0);
  const any = anyPack(json3.ScalarsSchema, create(json3.ScalarsSchema, { int32Value: 5 }));
  const text = '{"int32Value":5,"@type":"type.googleapis.com/grpc_study.json3.Scalars"}';
  expect(jsonCodec(AnySchema, { registry }).print(any)).toBe(text);
  expect(jsonCodec(AnySchema, { registry }).parse(text)).toEqual(any);
});

// protobuf-es prints the double, 1.100000023841858.
test.each([
  [1.1, "1.1"],
  [-0.001, "-0.001"],
  [3.4028234663852886e38, "3.4028235e+38"],
  [1e-6, "0.000001"],
  [2 ** -149, "1e-45"],
  [1234567.125, "1234567.1"],
  [16777216, "16777216"],
  [0.30000001192092896, "0.3"],
])("the float %s is printed as the shortest text that identifies it", (value, text) => {
  expect(jsonCodec(json3.ScalarsSchema).print(create(json3.ScalarsSchema, { floatValue: Math.fround(value) }))).toBe(
    `{"floatValue":${text}}`,
  );
});

test("floats survive printing and parsing", () => {
  const codec = jsonCodec(json3.ScalarsSchema);
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (floatValue) => {
      const again = codec.parse(codec.print(create(json3.ScalarsSchema, { floatValue })));
      // JSON does not distinguish -0 from 0.
      expect(Math.fround(again.floatValue) === floatValue).toBe(true);
    }),
  );
});

// protobuf-es and JSON.parse round them.
test.each([
  ['{"int64Value":9223372036854775807}', { int64Value: 2n ** 63n - 1n }],
  ['{"int64Value":-9223372036854775808}', { int64Value: -(2n ** 63n) }],
  ['{"int64Value":9007199254740993,"doubleValue":10000000000000000000}', { int64Value: 9007199254740993n, doubleValue: 1e19 }],
  ['{"uint64Value":18446744073709551615,"floatValue":10000000000000000000}', { uint64Value: 2n ** 64n - 1n, floatValue: 1e19 }],
  ['{"int64Value":1e18}', { int64Value: 10n ** 18n }],
])("%s is read exactly", (text, message) => {
  expect(jsonCodec(json3.ScalarsSchema).parse(text)).toEqual(create(json3.ScalarsSchema, message));
});

test.each([
  ['{"int64Value":9223372036854775808}', "int64_value: 9223372036854775808 is not an int64"],
  ['{"int64Value":9007199254740993,"int32Value":9007199254740993}', "int32_value: 9007199254740993 is not an int32"],
  ['{"int64Value":9007199254740993,"int64Value":1}', 'duplicate key "int64Value"'],
])("%s is rejected", (text, message) => {
  expect(errorFor(json3.ScalarsSchema, text).message).toBe(message);
});

test("numbers of a Struct stay doubles beside a field that is read exactly", () => {
  const text = '{"struct":{"a":[9007199254740993]},"value":9007199254740993,"int64Value":9007199254740993}';
  expect(jsonCodec(json3.WellKnownSchema).parse(text)).toMatchObject({
    struct: { a: [9007199254740992] },
    int64Value: 9007199254740993n,
    value: { kind: { value: 9007199254740992 } },
  });
});
