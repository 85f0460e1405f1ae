// What stands in where functions can not be generated: protobuf-es's own JSON, with the field at fault found afterwards.
import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import type { Codecs, FieldCodec, MessageCodec } from "./codecs.ts";
import { checkDepth, depthLimit } from "./depth.ts";
import { Fault, isNot, shownKey } from "./error.ts";
import { takesNull } from "./field-shape.ts";
import { enumWriter } from "./generate-print.ts";
import { isObject } from "./object.ts";
import { scalarReader } from "./read-scalar.ts";
import { countKeys, reading, spend } from "./text.ts";
import { isWellKnown } from "./well-known/index.ts";
import { scalarWriter, writeText } from "./writer.ts";

export function protobufEsRead(desc: DescMessage, codecs: Codecs): MessageCodec["read"] {
  return (json, depth) => {
    spendOn(desc, codecs, json);
    const message = attempt(desc, codecs, json, depth);
    reading.keys += countKeys(json);
    return message ?? locate(desc, codecs, json, depth);
  };
}

/**
 * What generated readers do on their way: counts elements, and refuses names of enum values that protobuf-es ignores.
 * JSON that is no such message is for protobuf-es to refuse.
 */
function spendOn(desc: DescMessage, codecs: Codecs, json: unknown): void {
  spend(1 + desc.members.length);
  if (desc.typeName === AnySchema.typeName && isObject(json)) {
    const inner = codecs.settings.registry?.getMessage(String(json["@type"]).replace(/^.*\//, ""));
    if (inner !== undefined) spendOn(inner, codecs, json);
  }
  if (isWellKnown(desc)) {
    spend(countKeys(json));
    return;
  }
  if (!isObject(json)) return;
  for (const field of desc.fields) {
    const value = json[field.jsonName] ?? json[field.name];
    const items = field.fieldKind === "list" || field.fieldKind === "map" ? Object.entries(value ?? {}) : [["", value] as const];
    spend(items.length);
    for (const [key, item] of items) {
      try {
        if (field.message !== undefined) spendOn(field.message, codecs, item);
        else if (field.enum !== undefined && !codecs.settings.ignoreUnknownEnumValues) checkEnumName(field.enum, item);
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        throw (key === "" ? thrown : thrown.inItem(field.fieldKind === "list" ? Number(key) : key)).inField(field.name);
      }
    }
  }
}

export function protobufEsPrint(desc: DescMessage, codecs: Codecs): MessageCodec["print"] {
  return (message, at) => writeText(JSON.stringify(jsonOf(desc, codecs, message)), at);
}

/** `container` has the field only. */
export function protobufEsPrintValue(container: DescMessage, field: DescField, codecs: Codecs): FieldCodec["print"] {
  if (field.fieldKind === "scalar") {
    return scalarWriter(field.scalar);
  }
  if (field.fieldKind === "enum") {
    return enumWriter(field.enum);
  }
  const { localName, oneof } = field;
  return (value, at) => {
    const held = oneof === undefined ? { [localName]: value } : { [oneof.localName]: { case: localName, value } };
    const [json] = Object.values(jsonOf(container, codecs, Object.assign(create(container), held)) as object);
    // Lists and maps are left out if they are empty.
    return writeText(JSON.stringify(json ?? (field.fieldKind === "list" ? [] : {})), at);
  };
}

function jsonOf(desc: DescMessage, codecs: Codecs, message: Message): JsonValue {
  const { fieldNames, emitDefaults, registry } = codecs.settings;
  try {
    return toJson(desc, message, {
      useProtoFieldName: fieldNames === "proto",
      alwaysEmitImplicit: emitDefaults,
      ...(registry === undefined ? {} : { registry }),
    });
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown instanceof RangeError) {
      throw thrown;
    }
    // `cannot encode message google.protobuf.Timestamp to JSON: nanos must not be negative`; what it "expected" are types of its own.
    const [, reason] = /to JSON: ((?!expected).*)$/.exec(thrown.message) ?? [];
    throw new Fault(`a ${desc.typeName} has no JSON${reason === undefined ? "" : `: ${reason}`}`);
  }
}

function checkEnumName(desc: DescEnum, value: unknown): void {
  if (typeof value !== "string" || desc.values.some(({ name, jsonName }) => name === value || jsonName === value)) return;
  isNot(value, `a value of the enum ${desc.typeName}`);
}

function attempt(desc: DescMessage, codecs: Codecs, json: unknown, depth: number): Message | undefined {
  const { ignoreUnknownFields, registry } = codecs.settings;
  try {
    // What is no JSON at all is refused as well.
    return fromJson(desc, json as JsonValue, {
      ignoreUnknownFields,
      recursionLimit: depthLimit - depth + 1,
      ...(registry === undefined ? {} : { registry }),
    });
  } catch {
    return undefined;
  }
}

/** Throws for the first field that is wrong by itself, or in it for the first that is so, and so on. */
function locate(desc: DescMessage, codecs: Codecs, json: unknown, depth: number): never {
  checkDepth(depth);
  if (isWellKnown(desc)) {
    codecs.of(desc).read(json, depth);
  }
  if (!isObject(json)) {
    return isNot(json, "an object");
  }
  for (const [key, value] of Object.entries(json)) {
    if (attempt(desc, codecs, { [key]: value }, depth) !== undefined) {
      continue;
    }
    const field = desc.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    throw field === undefined
      ? new Fault(key.startsWith("[") ? "not a value of the extension" : "unknown field").inField(shownKey(key))
      : faultOf(() => locateIn(field, codecs, value, depth)).inField(field.name);
  }
  throw new Fault("a field or a oneof is set twice");
}

function locateIn(field: DescField, codecs: Codecs, json: unknown, depth: number): never {
  if (field.fieldKind === "list" && !Array.isArray(json)) {
    return isNot(json, "a list");
  }
  if (field.fieldKind === "map" && !isObject(json)) {
    return isNot(json, "an object");
  }
  if (field.fieldKind !== "list" && field.fieldKind !== "map") {
    return refuse(field, codecs, json, depth);
  }
  for (const [key, item] of Object.entries(json as object)) {
    const alone = field.fieldKind === "list" ? [item] : { [key]: item };
    if (attempt(field.parent, codecs, { [field.jsonName]: alone }, depth) === undefined) {
      throw faultOf(() => refuse(field, codecs, item, depth)).inItem(field.fieldKind === "list" ? Number(key) : key);
    }
  }
  throw new Fault("a key is set twice");
}

/** Throws what is wrong with one value of a field, or of a list or a map. */
function refuse(field: DescField, codecs: Codecs, json: unknown, depth: number): never {
  if (json === null && !takesNull(field)) {
    throw new Fault("null can not be here");
  }
  if (field.message !== undefined) {
    locate(field.message, codecs, json, depth + 1);
  }
  if (field.scalar !== undefined) {
    scalarReader(field.scalar, false)(json);
    throw new Fault("the key is wrong");
  }
  return isNot(json, `a value of the enum ${field.enum.typeName}`);
}

function faultOf(refusing: () => never): Fault {
  try {
    return refusing();
  } catch (thrown) {
    if (thrown instanceof Fault) {
      return thrown;
    }
    throw thrown;
  }
}
