// How protobuf-es represents the value of a field in a message. Both codecs follow these rules.
import type { DescField } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** A field of type Struct holds plain JSON, also in lists, maps and oneofs; only a google.protobuf.Value has the message. */
export function isPlainStruct(field: DescField): boolean {
  return field.message?.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value";
}

/** The field in the wrapper, if the message has the bare scalar: so it is with singular fields outside of oneofs. */
export function unwrapped(field: DescField): (DescField & { fieldKind: "scalar" }) | undefined {
  return field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(field.message) ? field.message.fields[0] : undefined;
}

/** Whether null is a value of the field's type, and not its absence. */
export function takesNull(field: DescField): boolean {
  return field.message?.typeName === "google.protobuf.Value" || field.enum?.typeName === "google.protobuf.NullValue";
}

/** 64-bit integers that are text in the message: `jstype = JS_STRING`, which maps ignore. */
export function isTextInt64(field: DescField): boolean {
  return (field.fieldKind === "scalar" || (field.fieldKind === "list" && field.listKind === "scalar")) && field.longAsString;
}
