// google.protobuf.Struct, Value and ListValue: JSON within JSON. A field of type Struct holds plain JSON in protobuf-es; only a Value holds the message.
import { create, isMessage, type JsonObject, type JsonValue, type Message } from "@bufbuild/protobuf";
import { type ListValue, ListValueSchema, NullValue, type Struct, StructSchema, type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { checkDepth } from "../depth.ts";
import { Fault, isNot } from "../error.ts";
import { isObject, property, setOwn } from "../object.ts";
import { reading } from "../text.ts";

export function readStruct(json: unknown, depth: number): Struct {
  const struct = create(StructSchema);
  checkDepth(depth);
  if (!isObject(json)) {
    return isNot(json, "an object");
  }
  const keys = Object.keys(json);
  reading.keys += keys.length;
  for (const key of keys) {
    setOwn(struct.fields, key, readKind(json[key], depth + 1));
  }
  return struct;
}

export function readListValue(json: unknown, depth: number): ListValue {
  checkDepth(depth);
  return Array.isArray(json) ? create(ListValueSchema, { values: json.map((item) => readKind(item, depth + 1)) }) : isNot(json, "a list");
}

/** A Value by itself counts twice for the depth, as in protobuf-es. */
export function readValue(json: unknown, depth: number): Value {
  checkDepth(depth);
  return readKind(json, depth + 1);
}

function readKind(json: unknown, depth: number): Value {
  checkDepth(depth);
  const value = create(ValueSchema);
  value.kind = kindOf(json, depth);
  return value;
}

function kindOf(json: unknown, depth: number): Value["kind"] {
  switch (typeof json) {
    case "number":
    case "bigint":
      return { case: "numberValue", value: Number(json) };
    case "string":
      return { case: "stringValue", value: json };
    case "boolean":
      return { case: "boolValue", value: json };
    case "object":
      if (json === null) {
        return { case: "nullValue", value: NullValue.NULL_VALUE };
      }
      return Array.isArray(json)
        ? { case: "listValue", value: readListValue(json, depth) }
        : { case: "structValue", value: readStruct(json, depth) };
    default:
      return isNot(json, "JSON");
  }
}

/** The plain JSON of a field of type Struct: a copy, of at most the depth that the message could have. */
export function readPlainStruct(json: unknown, depth: number): JsonObject {
  checkDepth(depth);
  if (!isObject(json)) {
    return isNot(json, "an object");
  }
  const keys = Object.keys(json);
  reading.keys += keys.length;
  const copy: JsonObject = {};
  for (const key of keys) {
    setOwn(copy, key, readPlain(json[key], depth + 1));
  }
  return copy;
}

function readPlain(json: unknown, depth: number): JsonValue {
  checkDepth(depth);
  switch (typeof json) {
    case "number":
    case "string":
    case "boolean":
      return json;
    case "bigint":
      return Number(json);
    case "object":
      if (json === null) {
        return null;
      }
      return Array.isArray(json) ? json.map((item) => readPlain(item, depth + 1)) : readPlainStruct(json, depth);
    default:
      return isNot(json, "JSON");
  }
}

export function printStruct(struct: Struct): string {
  let text = "{";
  for (const key of Object.keys(struct.fields)) {
    text += `${text.length === 1 ? "" : ","}${JSON.stringify(key)}:${printValue(struct.fields[key])}`;
  }
  return `${text}}`;
}

export function printListValue(list: ListValue): string {
  return `[${list.values.map(printValue).join(",")}]`;
}

export function printValue(value: Message | undefined): string {
  if (!isMessage(value, ValueSchema)) {
    return isNot(value, "a google.protobuf.Value");
  }
  const { kind } = value;
  switch (kind.case) {
    case "nullValue":
      return "null";
    case "numberValue":
    case "boolValue":
    case "stringValue":
      return printPlain(kind.value);
    case "structValue":
      return printStruct(kind.value);
    case "listValue":
      return printListValue(kind.value);
    default:
      throw new Fault("a google.protobuf.Value must have a value");
  }
}

/** What a field of type Struct holds. */
export function printPlainStruct(json: unknown): string {
  return isObject(json) ? printPlain(json) : "{}";
}

/** Plain JSON, once it is seen to be so: JSON.stringify would leave out or change what is not. */
function printPlain(json: unknown): string {
  return isPlain(json) ? JSON.stringify(json) : isNot(json, "JSON");
}

function isPlain(json: unknown): boolean {
  switch (typeof json) {
    case "number":
      return Number.isFinite(json);
    case "string":
    case "boolean":
      return true;
    case "object":
      return json === null || (Array.isArray(json) ? json.every(isPlain) : Object.keys(json).every((key) => isPlain(property(json, key))));
    default:
      return false;
  }
}
