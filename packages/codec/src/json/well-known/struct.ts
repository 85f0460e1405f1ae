// google.protobuf.Struct, Value and ListValue: JSON within JSON. protobuf-es represents a field of
// type Struct as plain JSON; only a Value holds the message.
import { create, isMessage, type JsonObject, type JsonValue, type Message } from "@bufbuild/protobuf";
import { type ListValue, ListValueSchema, NullValue, type Struct, StructSchema, type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { isObject, property, setOwn } from "../../shape/object.ts";
import { Fault, isNot } from "../error.ts";
import { checkDepth } from "../read/depth.ts";
import { reading, spend } from "../read/text.ts";

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

/** A Value counts as two levels of depth, as in protobuf-es. */
export function readValue(json: unknown, depth: number): Value {
  checkDepth(depth);
  return readKind(json, depth + 1);
}

/** The cost of a Value in elements: the Value, its kind, and the list or Struct in it. */
const kindCost = 4;

function readKind(json: unknown, depth: number): Value {
  checkDepth(depth);
  spend(kindCost);
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

/**
 * Returns a copy of the plain JSON of a field of type Struct. Its depth is limited like that of the
 * message.
 */
export function readPlainStruct(json: unknown, depth: number): JsonObject {
  checkDepth(depth);
  if (!isObject(json)) {
    return isNot(json, "an object");
  }
  const keys = Object.keys(json);
  reading.keys += keys.length;
  spend(1 + keys.length);
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
      if (!Array.isArray(json)) return readPlainStruct(json, depth);
      spend(1 + json.length);
      return json.map((item) => readPlain(item, depth + 1));
    default:
      return isNot(json, "JSON");
  }
}

/** @param fallbacks as in `JsonOptions`. */
export function printStruct(struct: Struct, fallbacks: boolean): string {
  let text = "{";
  for (const key of Object.keys(struct.fields)) {
    text += `${text.length === 1 ? "" : ","}${JSON.stringify(key)}:${printValue(struct.fields[key], fallbacks)}`;
  }
  return `${text}}`;
}

export function printListValue(list: ListValue, fallbacks: boolean): string {
  return `[${list.values.map((value) => printValue(value, fallbacks)).join(",")}]`;
}

export function printValue(value: Message | undefined, fallbacks: boolean): string {
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
      return printPlain(kind.value, fallbacks);
    case "structValue":
      return printStruct(kind.value, fallbacks);
    case "listValue":
      return printListValue(kind.value, fallbacks);
    default:
      if (fallbacks) return "null";
      throw new Fault("a google.protobuf.Value must have a value");
  }
}

/** Prints a field of type Struct. */
export function printPlainStruct(json: unknown, fallbacks: boolean): string {
  return isObject(json) ? printPlain(json, fallbacks) : "{}";
}

/** Prints plain JSON after checking it: JSON.stringify would omit or change other values. */
function printPlain(json: unknown, fallbacks: boolean): string {
  if (isPlain(json)) return JSON.stringify(json);
  return fallbacks ? JSON.stringify(json, finite) : isNot(json, "JSON");
}

/**
 * Replaces NaN and the infinities with strings, as in fields of type double. JSON.stringify would
 * print null.
 */
function finite(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
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
