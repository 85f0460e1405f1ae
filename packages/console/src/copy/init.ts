// A message as TypeScript: its fields in an object, or `fromJson` if that cannot be.
import type { DescField, DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isArray, isObject, type JsonValue } from "../json/parse.ts";
import { fieldOf } from "../schema/check.ts";
import { is64Bit, scalarKind } from "../schema/scalars.ts";
import { escapeInvisible } from "./call.ts";

/** A string as a literal. */
export function literal(text: string): string {
  return escapeInvisible(JSON.stringify(text));
}

/**
 * The fields of a message as protobuf-es has them. `undefined` if one is of another form than in JSON
 * and has no literal: bytes, enums, oneofs, well-known types.
 */
export function initOf(message: DescMessage, value: JsonValue): string | undefined {
  if (message.typeName.startsWith("google.protobuf.") || !isObject(value)) return undefined;
  const members: string[] = [];
  for (const [key, item] of Object.entries(value)) {
    const field = fieldOf(message, key);
    if (field === undefined || field.oneof !== undefined) return undefined;
    if (item === null) continue;
    const text = fieldText(field, item);
    if (text === undefined) return undefined;
    members.push(`${field.localName}: ${text}`);
  }
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

function fieldText(field: DescField, value: JsonValue): string | undefined {
  if (field.fieldKind === "list") {
    const items = isArray(value) ? value.map((item) => elementText(field, item)) : [undefined];
    return items.includes(undefined) ? undefined : `[${items.join(", ")}]`;
  }
  if (field.fieldKind === "map") return undefined;
  return elementText(field, value);
}

function elementText(field: DescField, value: JsonValue): string | undefined {
  if (field.message !== undefined) return initOf(field.message, value);
  return field.scalar === undefined ? undefined : scalarText(field.scalar, value);
}

function scalarText(type: ScalarType, value: JsonValue): string | undefined {
  switch (scalarKind(type)) {
    case "string":
      return typeof value === "string" ? literal(value) : undefined;
    case "bool":
      return typeof value === "boolean" ? String(value) : undefined;
    case "bytes":
      return undefined;
    default:
      if (is64Bit(type)) return /^-?\d+$/.test(String(value)) ? `${value}n` : undefined;
      return typeof value === "number" ? (Object.is(value, -0) ? "-0" : String(value)) : undefined;
  }
}
