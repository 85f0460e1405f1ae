// Parses field values that are written as text in a path or a query: proto3 JSON without quotation
// marks.
import { create, type DescEnum, type DescField, type DescMessage, type JsonValue, type Message, ScalarType } from "@bufbuild/protobuf";
import { FieldMaskSchema, isWrapperDesc, ListValueSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import { jsonCodec } from "@grpc-study/codec/json";
import { formatPath, resolveFieldPath } from "./field-path.ts";
import { quote } from "./invalid-field.ts";

/** A value that cannot be parsed. The message says what was expected. */
class TextError extends Error {}

/**
 * Parses one value of a field, or one element. Its error messages are for the client:
 * `"x" is not an int32`.
 */
export type TextParser = (text: string) => unknown;

/**
 * The parser for a field, or for the elements of a repeated field. Returns `undefined` if text
 * cannot express them.
 */
export function textParser(field: DescField): TextParser | undefined {
  switch (field.fieldKind) {
    case "scalar":
      return scalarParser(field.scalar, field.longAsString);
    case "enum":
      return enumParser(field.enum);
    case "message":
      if (field.message.typeName === FieldMaskSchema.typeName) return (text) => parseFieldMask(text, field.parent);
      return messageParser(field.message, field.oneof === undefined);
    case "list":
      if (field.listKind === "scalar") return scalarParser(field.scalar, field.longAsString);
      return field.listKind === "enum" ? enumParser(field.enum) : messageParser(field.message, false);
    case "map":
      if (field.mapKind === "scalar") return scalarParser(field.scalar, false);
      return field.mapKind === "enum" ? enumParser(field.enum) : messageParser(field.message, false);
  }
}

/** The parser for the keys of a map. protobuf-es stores them as property names. */
export function mapKeyParser(scalar: ScalarType): TextParser {
  const parse = scalarParser(scalar, true);
  return (text) => String(parse(text));
}

function scalarParser(scalar: ScalarType, longAsString: boolean): TextParser {
  switch (scalar) {
    case ScalarType.STRING:
      return (text) => text;
    case ScalarType.BOOL:
      return parseBool;
    case ScalarType.BYTES:
      return parseBytes;
    case ScalarType.FLOAT:
      return parseFloat32;
    case ScalarType.DOUBLE:
      return (text) => parseFloatingPoint(text, "double");
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return (text) => parseInteger(text, "int32", -(2 ** 31), 2 ** 31 - 1);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (text) => parseInteger(text, "uint32", 0, 2 ** 32 - 1);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return parseLong("int64", -(2n ** 63n), 2n ** 63n - 1n, longAsString);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return parseLong("uint64", 0n, 2n ** 64n - 1n, longAsString);
  }
}

const integer = /^-?\d+$/;

function parseInteger(text: string, type: string, min: number, max: number): number {
  if (!integer.test(text)) throw new TextError(`${quote(text)} is not an ${type}`);
  const value = Number(text);
  if (value < min || value > max) throw new TextError(`${quote(text)} is out of range for ${type}`);
  return value;
}

function parseLong(type: string, min: bigint, max: bigint, asString: boolean): TextParser {
  return (text) => {
    if (!integer.test(text)) throw new TextError(`${quote(text)} is not an ${type}`);
    // A 64-bit integer has at most 20 digits. Parsing a million digits would take long.
    const value = text.length > 40 ? max + 1n : BigInt(text);
    if (value < min || value > max) throw new TextError(`${quote(text)} is out of range for ${type}`);
    return asString ? String(value) : value;
  };
}

const maxFloat32 = 3.4028234663852886e38;

/**
 * Parses a float, and rounds to it: the largest is commonly written as 3.4028235e38, slightly above
 * it.
 */
function parseFloat32(text: string): number {
  const value = parseFloatingPoint(text, "float");
  if (Math.abs(value) <= maxFloat32 || !Number.isFinite(value) || Number.isNaN(value)) return value;
  if (Math.fround(Math.abs(value)) > maxFloat32) throw new TextError(`${quote(text)} is out of range for float`);
  return Math.sign(value) * maxFloat32;
}

function parseFloatingPoint(text: string, type: string): number {
  if (text === "NaN") return Number.NaN;
  if (text === "Infinity" || text === "-Infinity") return Number(text);
  if (!/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) throw new TextError(`${quote(text)} is not a ${type}`);
  const value = Number(text);
  if (!Number.isFinite(value)) throw new TextError(`${quote(text)} is out of range for ${type}`);
  return value;
}

// The forms that Go's strconv.ParseBool accepts, as grpc-gateway does.
const booleans = new Map([
  ...["1", "t", "T", "true", "TRUE", "True"].map((text) => [text, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map((text) => [text, false] as const),
]);

function parseBool(text: string): boolean {
  const value = booleans.get(text);
  if (value === undefined) throw new TextError(`${quote(text)} is not a bool: use true or false`);
  return value;
}

/**
 * Parses base64 in either alphabet, with or without padding. In a query, an unencoded `+` is
 * decoded to a space.
 */
function parseBytes(text: string): Uint8Array {
  const base64 = text.replaceAll(" ", "+");
  if (!/^[\w\-+/]*={0,2}$/.test(base64) || base64.replace(/=+$/, "").length % 4 === 1) throw new TextError(`${quote(text)} is not base64`);
  return new Uint8Array(Buffer.from(base64, "base64url"));
}

const enumParsers = new WeakMap<DescEnum, TextParser>();

/** The parser is cached for each type, which may have thousands of values. */
function enumParser(type: DescEnum): TextParser {
  const parser = enumParsers.get(type) ?? makeEnumParser(type);
  enumParsers.set(type, parser);
  return parser;
}

function makeEnumParser(type: DescEnum): TextParser {
  const numbers = new Map(type.values.map(({ name, number }) => [name, number]));
  return (text) => {
    const named = numbers.get(text);
    if (named !== undefined) return named;
    if (integer.test(text)) {
      const number = parseInteger(text, "int32", -(2 ** 31), 2 ** 31 - 1);
      if (type.open || type.value[number] !== undefined) return number;
    }
    const known = type.values.slice(0, 8).map(({ name }) => name);
    throw new TextError(
      `${quote(text)} is not a value of ${type.name} (${known.join(", ")}${known.length < type.values.length ? ", …" : ""})`,
    );
  };
}

/**
 * @param bare whether protobuf-es stores a wrapper as its bare value: in a singular field outside a
 * oneof.
 */
function messageParser(message: DescMessage, bare: boolean): TextParser | undefined {
  if (isWrapperDesc(message)) {
    const parse = scalarParser(message.fields[0].scalar, false);
    return bare ? parse : (text) => create(message, { value: parse(text) });
  }
  switch (message.typeName) {
    case "google.protobuf.FieldMask":
      return (text) => parseFieldMask(text, undefined);
    case "google.protobuf.Value":
      return parseValue;
    case "google.protobuf.Struct":
      return structParser(message);
    case "google.protobuf.ListValue":
      return (text) => listValues.fromJson(parseJson(text, "a JSON array", Array.isArray));
    case "google.protobuf.Timestamp":
      return fromText(message, "a timestamp (RFC 3339, such as 2021-07-22T10:00:00Z)");
    case "google.protobuf.Duration":
      return fromText(message, "a duration (seconds, such as 1.5s)");
    default:
      return undefined;
  }
}

function fromText(message: DescMessage, what: string): TextParser {
  const codec = jsonCodec(message);
  return (text): Message => {
    try {
      return codec.fromJson(text);
    } catch {
      throw new TextError(`${quote(text)} is not ${what}`);
    }
  };
}

/**
 * Accepts snake_case and lowerCamelCase, where JSON has only the latter: people write queries by
 * hand.
 *
 * @param parent the message that contains the mask. Its other fields are the resources that the
 *   mask applies to (https://google.aip.dev/134), so their field names resolve the paths.
 */
function parseFieldMask(text: string, parent: DescMessage | undefined): Message {
  // AIP-134: `*` selects all fields.
  if (text === "*") return create(FieldMaskSchema, { paths: ["*"] });
  const paths = text === "" ? [] : text.split(",").map((path) => knownPath(path, parent) ?? snakeCase(path));
  const wrong = paths.find((path) => !/^\w+(?:\.\w+)*$/.test(path));
  if (wrong !== undefined) throw new TextError(`${quote(text)} is not a field mask: ${quote(wrong)} is not a field path`);
  return create(FieldMaskSchema, { paths });
}

/**
 * The .proto spelling of a path in a message beside the mask. Returns `undefined` if no message has
 * it.
 */
function knownPath(path: string, parent: DescMessage | undefined): string | undefined {
  for (const { fieldKind, message } of parent?.fields ?? []) {
    const found = fieldKind === "message" && message.typeName !== FieldMaskSchema.typeName ? resolveFieldPath(message, path) : undefined;
    if (found !== undefined) return formatPath(found);
  }
  return undefined;
}

function snakeCase(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function parseJson(text: string, what: string, is: (json: JsonValue) => boolean): JsonValue {
  let json: JsonValue | undefined;
  try {
    json = JSON.parse(text);
  } catch {}
  if (json === undefined || !is(json)) throw new TextError(`${quote(text)} is not ${what}`);
  return json;
}

const listValues = jsonCodec(ListValueSchema);
const values = jsonCodec(ValueSchema);

/** Parses a field of type Struct, which holds plain JSON. The codec checks its depth. */
function structParser(message: DescMessage): TextParser {
  const codec = jsonCodec(message);
  return (text) => {
    const json = parseJson(text, "a JSON object", (json) => typeof json === "object" && json !== null && !Array.isArray(json));
    codec.fromJson(json);
    return json;
  };
}

/** Parses the text as JSON, and falls back to a JSON string. */
function parseValue(text: string): Message {
  let json: JsonValue;
  try {
    json = JSON.parse(text);
  } catch {
    json = text;
  }
  return values.fromJson(json);
}
