// Messages with two fields of the same name, in JSON or in the message: see `hasNameConflict`.
// Their JSON depends on which other fields are set, so protobuf-es reads and prints them. The
// errors name the message but not the field.
import { type DescEnum, type DescField, type DescMessage, fromJson, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { AnySchema, hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
import { depthLimit } from "../shape/depth.ts";
import { isObject } from "../shape/object.ts";
import { Fault, isNot } from "./error.ts";
import type { Codecs, Print, Read } from "./message-codec.ts";
import { checkDepth } from "./read/depth.ts";
import { countKeys, reading, spend } from "./read/text.ts";
import { writeText } from "./write/writer.ts";

export function readClashing(desc: DescMessage, codecs: Codecs): Read {
  return (json, depth) => {
    checkDepth(depth);
    spendOn(desc, codecs, json);
    const message = attempt(desc, codecs, json, depth);
    reading.keys += countKeys(json);
    return message ?? isNot(json, `a ${desc.typeName}`);
  };
}

export function printClashing(desc: DescMessage, codecs: Codecs): Print {
  return (message, at) => writeText(JSON.stringify(jsonOf(desc, codecs, message)), at);
}

/**
 * Does what other readers do on the way: counts elements, and rejects unknown enum value names,
 * which protobuf-es ignores. protobuf-es rejects malformed messages.
 */
function spendOn(desc: DescMessage, codecs: Codecs, json: unknown): void {
  spend(1 + desc.members.length);
  if (desc.typeName === AnySchema.typeName && isObject(json)) {
    const inner = codecs.settings.registry?.getMessage(String(json["@type"]).replace(/^.*\//, ""));
    if (inner !== undefined) spendOn(inner, codecs, json);
  }
  if (hasCustomJsonRepresentation(desc)) {
    spend(countKeys(json));
    return;
  }
  if (!isObject(json)) return;
  for (const [name, value] of Object.entries(json)) {
    // As in protobuf-es, the last field with a name wins.
    const field = desc.fields.findLast((field) => field.name === name || field.jsonName === name);
    if (field === undefined) continue;
    const items = itemsOf(field, value);
    spend(items.length);
    for (const [key, item] of items) {
      try {
        if (field.message !== undefined) spendOn(field.message, codecs, item);
        else if (field.enum !== undefined && !codecs.settings.ignoreUnknownEnumValues) checkEnumName(field.enum, item);
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        throw (key === "" && field.fieldKind !== "map" ? thrown : thrown.inItem(field.fieldKind === "list" ? Number(key) : key)).inField(
          field.name,
        );
      }
    }
  }
}

/**
 * Returns the values of a field with their keys. Returns none if the JSON has the wrong kind:
 * protobuf-es rejects it.
 */
function itemsOf(field: DescField, value: unknown): [key: string, value: unknown][] {
  switch (field.fieldKind) {
    case "list":
      return Array.isArray(value) ? Object.entries(value) : [];
    case "map":
      return isObject(value) ? Object.entries(value) : [];
    default:
      return [["", value]];
  }
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
    // For example `cannot encode message google.protobuf.Timestamp to JSON: nanos must not be
    // negative`. Messages with "expected" name internal types and are omitted.
    const [, reason] = /to JSON: ((?!expected).*)$/.exec(thrown.message) ?? [];
    throw new Fault(`a ${desc.typeName} cannot be printed as JSON${reason === undefined ? "" : `: ${reason}`}`);
  }
}

function checkEnumName(desc: DescEnum, value: unknown): void {
  if (typeof value !== "string" || desc.values.some(({ name, jsonName }) => name === value || jsonName === value)) return;
  isNot(value, `a value of the enum ${desc.typeName}`);
}

function attempt(desc: DescMessage, codecs: Codecs, json: unknown, depth: number): Message | undefined {
  const { ignoreUnknownFields, registry } = codecs.settings;
  try {
    // Values that are not JSON are rejected as well.
    return fromJson(desc, json as JsonValue, {
      ignoreUnknownFields,
      recursionLimit: depthLimit - depth + 1,
      ...(registry === undefined ? {} : { registry }),
    });
  } catch {
    return undefined;
  }
}
