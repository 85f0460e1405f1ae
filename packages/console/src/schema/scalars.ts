// The scalar types of protobuf: their names, and the range of their values in JSON.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

/** The kinds of values that a form and a check distinguish. */
export type ScalarKind = "int" | "float" | "bool" | "string" | "bytes";

export function scalarKind(type: ScalarType): ScalarKind {
  switch (type) {
    case ScalarType.BOOL:
      return "bool";
    case ScalarType.STRING:
      return "string";
    case ScalarType.BYTES:
      return "bytes";
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return "float";
    default:
      return "int";
  }
}

/** Whether the JSON form is a string, because a number of JSON loses digits. */
export function is64Bit(type: ScalarType): boolean {
  return [ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64].includes(type);
}

function isUnsigned(type: ScalarType): boolean {
  return [ScalarType.UINT32, ScalarType.UINT64, ScalarType.FIXED32, ScalarType.FIXED64].includes(type);
}

/** The lowest and highest value of an integer type. */
export function integerRange(type: ScalarType): readonly [bigint, bigint] {
  const bits = is64Bit(type) ? 64n : 32n;
  return isUnsigned(type) ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

/** The range of an integer type, such as `−2³¹…2³¹−1`. Empty for other types. */
export function rangeText(type: ScalarType): string {
  if (scalarKind(type) !== "int") return "";
  if (isUnsigned(type)) return is64Bit(type) ? "0…2⁶⁴−1" : "0…2³²−1";
  return is64Bit(type) ? "−2⁶³…2⁶³−1" : "−2³¹…2³¹−1";
}

/** The largest finite value of a `float`. */
export const maxFloat = 3.4028234663852886e38;

/** The name of a scalar type in a .proto. */
export function scalarName(type: ScalarType): string {
  return ScalarType[type].toLowerCase();
}

/** The type of a field as a .proto has it: `repeated string`, `map<string, int32>`, `shop.v1.Order`. */
export function typeName(field: DescField): string {
  switch (field.fieldKind) {
    case "scalar":
      return scalarName(field.scalar);
    case "enum":
      return field.enum.typeName;
    case "message":
      return field.message.typeName;
    case "list":
      return `repeated ${elementName(field.listKind === "scalar" ? field.scalar : field.listKind === "enum" ? field.enum : field.message)}`;
    case "map":
      return `map<${scalarName(field.mapKey)}, ${elementName(field.mapKind === "scalar" ? field.scalar : field.mapKind === "enum" ? field.enum : field.message)}>`;
  }
}

function elementName(element: ScalarType | { readonly typeName: string }): string {
  return typeof element === "number" ? scalarName(element) : element.typeName;
}

const wrappers: ReadonlySet<string> = new Set(
  ["Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"].map((name) => `google.protobuf.${name}Value`),
);

/** The field in a wrapper such as `google.protobuf.StringValue`. `undefined` for other messages. */
export function wrapped(message: DescMessage): (DescField & { readonly fieldKind: "scalar" }) | undefined {
  const [field] = message.fields;
  return wrappers.has(message.typeName) && field?.fieldKind === "scalar" ? field : undefined;
}
