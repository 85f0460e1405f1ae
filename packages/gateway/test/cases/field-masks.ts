// Bodies of PATCH requests with their derived field masks, from grpc-gateway (BSD 3-Clause,
// github.com/grpc-ecosystem/grpc-gateway at 9648db43), runtime/fieldmask_test.go. The format is
// ours, and the fields are those of our Thing with the same types.

export interface FieldMaskCase {
  readonly name: string;
  readonly body: string;
  readonly paths: readonly string[];
  readonly note?: string;
}

export const fieldMaskCases: readonly FieldMaskCase[] = [
  { name: "empty", body: "{}", paths: [] },
  { name: "EmptyMessage", body: '{"empty_value": {}}', paths: ["empty_value"] },
  { name: "simple", body: '{"string_value":"1234", "floatValue":3.14}', paths: ["string_value", "float_value"] },
  {
    name: "NonStandardMessageWithJSONNames",
    body: '{"@odd name":"foo", "nested":{"nested":{"odd_name":"bar"}}}',
    paths: ["odd_name", "nested.nested.odd_name"],
  },
  {
    name: "nested",
    body: '{"nested": {"stringValue":"bob", "int32_value": 2}, "string_value":"1234"}',
    paths: ["nested.string_value", "nested.int32_value", "string_value"],
  },
  {
    name: "struct",
    body: '{"struct_value": {"name":{"first": "bob"}, "amount": 2}}',
    paths: ["struct_value"],
    note: "grpc-gateway has struct_value.name.first, but FieldMask paths name fields, and the keys of a Struct are not fields",
  },
  {
    name: "value",
    body: '{"struct_value_value": {"name":{"first": "bob"}, "amount": 2}}',
    paths: ["struct_value_value"],
    note: "as for struct",
  },
  { name: "map", body: '{"map_value": {"a": "x"}}', paths: ["map_value"] },
  {
    name: "deeply-nested",
    body: '{"nested":{"nested":{"nested":{"boolValue":true, "oneofBoolValue":false}}}}',
    paths: ["nested.nested.nested.bool_value", "nested.nested.nested.oneof_bool_value"],
  },
  {
    name: "complex",
    body: `{
      "nested": { "string_value": "bar", "int32_value": 10, "enum_value": "Y" },
      "string_value": "6EC2446F-7E89-4127-B3E6-5C05E6BECBA7",
      "things": [{ "string_value": "bar", "int32_value": 10 }, { "string_value": "baz", "int32_value": 20 }],
      "float_value": 1.5,
      "double_value": 2.5,
      "int64_value": 4294967296,
      "int32_value": -2147483648,
      "uint64_value": "9223372036854775807",
      "uint32_value": 4294967295,
      "fixed64_value": "9223372036854775807",
      "fixed32_value": 4294967295,
      "sfixed64_value": "-4611686018427387904",
      "sfixed32_value": 2147483647,
      "sint64_value": "4611686018427387903",
      "sint32_value": 2147483647,
      "bool_value": true,
      "bytes_value": "132456",
      "enum_value": "Y",
      "oneof_string_value": "x",
      "timestamp_value": "2016-05-10T10:19:13.123Z"
    }`,
    paths: [
      "nested.string_value",
      "nested.int32_value",
      "nested.enum_value",
      "string_value",
      "things",
      "float_value",
      "double_value",
      "int64_value",
      "int32_value",
      "uint64_value",
      "uint32_value",
      "fixed64_value",
      "fixed32_value",
      "sfixed64_value",
      "sfixed32_value",
      "sint64_value",
      "sint32_value",
      "bool_value",
      "bytes_value",
      "enum_value",
      "oneof_string_value",
      "timestamp_value",
    ],
  },
  {
    name: "protobuf-any",
    body: '{"any_value":{"@type": "type.googleapis.com/google.protobuf.Duration", "value":"1s"}}',
    paths: ["any_value"],
  },
  {
    name: "slice",
    body: '{"things": [{"string_value": "bar"}], "repeated_value": ["a"], "string_value":"1234"}',
    paths: ["things", "repeated_value", "string_value"],
  },
];
