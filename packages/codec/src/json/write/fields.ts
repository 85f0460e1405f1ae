// The fields of a message in output order.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { Settings } from "../message-codec.ts";

/** Returns a field's name in output. */
export function outputName(field: DescField, settings: Settings): string {
  return settings.fieldNames === "proto" ? field.name : field.jsonName;
}

/**
 * Sorts fields by number. Names that are array indexes come first, as in the objects of
 * protobuf-es.
 */
export function inOrder(desc: DescMessage, settings: Settings): DescField[] {
  const byNumber = desc.fields.toSorted((a, b) => a.number - b.number);
  const isIndex = (field: DescField) =>
    /^(?:0|[1-9]\d{0,9})$/.test(outputName(field, settings)) && Number(outputName(field, settings)) < 2 ** 32 - 1;
  const indexes = byNumber.filter(isIndex).toSorted((a, b) => Number(outputName(a, settings)) - Number(outputName(b, settings)));
  return [...indexes, ...byNumber.filter((field) => !isIndex(field))];
}

export function isRequired(field: DescField): boolean {
  return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
}
