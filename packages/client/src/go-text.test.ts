// The expected texts are those of protobuf-go 1.28.
import { create, type DescMessage, fromJson, type MessageInitShape } from "@bufbuild/protobuf";
import {
  BoolValueSchema,
  BytesValueSchema,
  DoubleValueSchema,
  type Field_Cardinality,
  Field_Kind,
  FieldMaskSchema,
  FieldSchema,
  FloatValueSchema,
  Int64ValueSchema,
  StringValueSchema,
  StructSchema,
  UInt64ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { OrderRequestSchema, ProdAreas, ProdRequestSchema, ProdResponseSchema } from "@grpc-study/proto/shop";
import { expect, test } from "vitest";
import { goSlice, goText } from "./go-text.ts";

function text<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): string {
  return goText(schema, create(schema, init));
}

test("fields have the names of the .proto file, and unset fields are omitted", () => {
  expect(text(ProdRequestSchema, { prodId: 998, prodArea: ProdAreas.B })).toBe("prod_id:998 prod_area:B");
  expect(text(ProdRequestSchema, { prodId: 0, prodArea: ProdAreas.C })).toBe("prod_area:C");
  expect(text(ProdRequestSchema, {})).toBe("");
});

test("a nested message is printed in braces", () => {
  const orderMain = { orderNo: "20210722", orderMoney: 20.5, orderTime: { seconds: 1626948000n, nanos: 5 } };
  expect(text(OrderRequestSchema, { orderMain })).toBe(
    'order_main:{order_no:"20210722" order_money:20.5 order_time:{seconds:1626948000 nanos:5}}',
  );
  expect(text(OrderRequestSchema, { orderMain: {} })).toBe("order_main:{}");
});

test("a repeated field is printed once for each item", () => {
  expect(text(FieldMaskSchema, { paths: ["a", "b"] })).toBe('paths:"a" paths:"b"');
});

test("a map is sorted by key, and a oneof prints the field that is set", () => {
  expect(goText(StructSchema, fromJson(StructSchema, { c: {}, b: true, a: ["x", 1.5, null] }))).toBe(
    'fields:{key:"a" value:{list_value:{values:{string_value:"x"} values:{number_value:1.5} values:{null_value:NULL_VALUE}}}} ' +
      'fields:{key:"b" value:{bool_value:true}} fields:{key:"c" value:{struct_value:{}}}',
  );
});

test("an enum is printed by name, or by number if the value is unknown", () => {
  expect(text(FieldSchema, { kind: Field_Kind.TYPE_INT32, cardinality: 77 as Field_Cardinality, name: "n" })).toBe(
    'kind:TYPE_INT32 cardinality:77 name:"n"',
  );
});

test("strings are quoted, and control characters are escaped", () => {
  const value = '你好 "q" \\ \n\r\t\x01\x1b\x7f\u0080\u009f\u00a0😀\u2028\'';
  const escaped = String.raw`你好 \"q\" \\ \n\r\t\x01\x1b\x7f\u0080\u009f`;
  expect(text(StringValueSchema, { value })).toBe(`value:"${escaped}\u00a0😀\u2028'"`);
});

test("bytes are quoted as a string if they are valid UTF-8, and byte by byte otherwise", () => {
  expect(text(BytesValueSchema, { value: Buffer.from("ok你\0") })).toBe(String.raw`value:"ok你\x00"`);
  expect(text(BytesValueSchema, { value: Uint8Array.of(0xff, 0x41, 0x80, 0x22) })).toBe(String.raw`value:"\xffA\x80\""`);
});

test("64-bit integers and booleans are printed in decimal and by name", () => {
  expect(text(Int64ValueSchema, { value: -9223372036854775808n })).toBe("value:-9223372036854775808");
  expect(text(UInt64ValueSchema, { value: 18446744073709551615n })).toBe("value:18446744073709551615");
  expect(text(BoolValueSchema, { value: true })).toBe("value:true");
});

test.each([
  [20.5, "20.5"],
  [20.1, "20.1"],
  [-2.5, "-2.5"],
  [1e6, "1e+06"],
  [999999, "999999"],
  [123456789, "1.2345679e+08"],
  [16777216, "1.6777216e+07"],
  [1e-4, "0.0001"],
  [1e-5, "1e-05"],
  [3.4028235e38, "3.4028235e+38"],
  [1e-45, "1e-45"],
  [Number.POSITIVE_INFINITY, "inf"],
  [Number.NaN, "nan"],
])("the float %d is %s", (value, expected) => {
  // Rounded to a float, as on the wire.
  expect(text(FloatValueSchema, { value: Math.fround(value) })).toBe(`value:${expected}`);
});

test.each([
  [0.1, "0.1"],
  [100000, "100000"],
  [1234567, "1.234567e+06"],
  [1e21, "1e+21"],
  [1e-7, "1e-07"],
  [5e-324, "5e-324"],
  [Number.NEGATIVE_INFINITY, "-inf"],
])("the double %d is %s", (value, expected) => {
  expect(text(DoubleValueSchema, { value })).toBe(`value:${expected}`);
});

test("a slice of messages is printed in brackets", () => {
  const messages = [721, 666].map((prodStock) => create(ProdResponseSchema, { prodStock }));
  expect(goSlice(ProdResponseSchema, messages)).toBe("[prod_stock:721 prod_stock:666]");
  expect(goSlice(ProdResponseSchema, [])).toBe("[]");
});
