// Field names in JSON.
import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** Returns the field's name in a path: its proto name, or `[its.name]` for an extension. */
export function pathName(field: DescField): string {
  return field.jsonName === `[${field.localName}]` ? field.jsonName : field.name;
}

/**
 * `true` if two fields share a name, in JSON or in the message. Compilers reject that except in
 * proto2, where `foo_bar` and `fooBar` may coexist. The JSON then depends on which other fields are
 * set.
 */
export function hasNameConflict(desc: DescMessage): boolean {
  const localNames = desc.members.map(({ localName }) => localName);
  const keys = desc.fields.flatMap(({ name, jsonName }) => (name === jsonName ? [name] : [name, jsonName]));
  return new Set(localNames).size < localNames.length || new Set(keys).size < keys.length;
}
