// The values that a form adds: the default of a field, in JSON.
import type { DescField, DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { JsonValue } from "../json/parse.ts";
import { is64Bit, scalarKind, wrapped } from "./scalars.ts";

export function defaultScalar(type: ScalarType): JsonValue {
  switch (scalarKind(type)) {
    case "bool":
      return false;
    case "float":
      return 0;
    case "int":
      return is64Bit(type) ? "0" : 0;
    default:
      return "";
  }
}

/** The value of a message that has just been set. Its fields are not set. */
export function defaultMessage(message: DescMessage): JsonValue {
  const inner = wrapped(message);
  if (inner !== undefined) return defaultScalar(inner.scalar);
  switch (message.typeName) {
    case "google.protobuf.Timestamp":
      return "1970-01-01T00:00:00Z";
    case "google.protobuf.Duration":
      return "0s";
    case "google.protobuf.FieldMask":
      return "";
    case "google.protobuf.ListValue":
      return [];
    case "google.protobuf.Value":
      return null;
    default:
      return {};
  }
}

/** The value of a list item, of a map entry, or of a field that is neither. */
export function defaultElement(field: DescField): JsonValue {
  if (field.message !== undefined) return defaultMessage(field.message);
  if (field.enum !== undefined) return field.enum.values[0]?.name ?? 0;
  return field.scalar === undefined ? {} : defaultScalar(field.scalar);
}

/**
 * A request to begin with: each scalar field with its default, so that the reader sees the fields.
 * Fields of a oneof, messages, lists and maps are not set.
 */
export function firstRequest(message: DescMessage): JsonValue {
  if (message.typeName.startsWith("google.protobuf.")) return defaultMessage(message);
  return Object.fromEntries(
    message.fields
      .filter(
        ({ fieldKind, oneof, presence }) =>
          (fieldKind === "scalar" || fieldKind === "enum") && oneof === undefined && presence === FeatureSet_FieldPresence.IMPLICIT,
      )
      .map((field) => [field.jsonName, defaultElement(field)]),
  );
}
