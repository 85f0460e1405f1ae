// How protobuf-es represents a field's value. Both codecs follow these rules.
import type { DescField } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

/**
 * `true` if the field holds a Struct as plain JSON. Fields of type Struct do, also in lists, maps
 * and oneofs, except in google.protobuf.Value, which holds the message.
 */
export function isPlainStruct(field: DescField): boolean {
  return field.message?.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value";
}

/**
 * Returns the wrapped field if the message holds the bare scalar: in singular fields outside
 * oneofs.
 */
export function unwrapped(field: DescField): (DescField & { fieldKind: "scalar" }) | undefined {
  return field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(field.message) ? field.message.fields[0] : undefined;
}

/** `true` if null is a value of the field's type rather than its absence. */
export function takesNull(field: DescField): boolean {
  return field.message?.typeName === "google.protobuf.Value" || field.enum?.typeName === "google.protobuf.NullValue";
}

/**
 * `true` for 64-bit integers that the message holds as text: `jstype = JS_STRING`, which maps
 * ignore.
 */
export function isTextInt64(field: DescField): boolean {
  return (field.fieldKind === "scalar" || (field.fieldKind === "list" && field.listKind === "scalar")) && field.longAsString;
}
