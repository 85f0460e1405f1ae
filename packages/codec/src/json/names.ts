// Names of fields in JSON.
import type { DescField, DescMessage } from "@bufbuild/protobuf";

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
