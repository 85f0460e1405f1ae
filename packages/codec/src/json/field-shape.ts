// How protobuf-es holds a field's value in a message.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** A field of type Struct holds plain JSON, also in lists, maps and oneofs; only a google.protobuf.Value has the message. */
export function isPlainStruct(field: DescField): boolean {
  return field.message?.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value";
}

/** The field in the wrapper, if the message has the bare scalar: so it is with singular fields outside of oneofs. */
export function unwrapped(field: DescField): DescField | undefined {
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

/** What a path calls a field: its name, or `[its.name]` for an extension. */
export function pathName(field: DescField): string {
  return field.jsonName === `[${field.localName}]` ? field.jsonName : field.name;
}

/**
 * Whether two fields have one name, in JSON or in the message. Compilers refuse that but for proto2, where `foo_bar` and `fooBar` may
 * stand in one message. Then what is read and printed depends on what else is set.
 */
export function hasNameConflict(desc: DescMessage): boolean {
  const localNames = desc.members.map(({ localName }) => localName);
  const keys = desc.fields.flatMap(({ name, jsonName }) => (name === jsonName ? [name] : [name, jsonName]));
  return new Set(localNames).size < localNames.length || new Set(keys).size < keys.length;
}
