// Checks that google.protobuf.Struct and wrappers are the standard ones. A schema may define other
// messages with these names.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** `true` if a message with the name google.protobuf.Struct has the standard fields. */
export function isStandardStruct(struct: DescMessage): boolean {
  const [fields] = struct.fields;
  const value = fields?.message;
  if (fields === undefined || value === undefined || struct.fields.length !== 1 || value.fields.length !== 6) return false;
  if (fields.fieldKind !== "map" || fields.mapKind !== "message" || fields.mapKey !== ScalarType.STRING) return false;
  if (fields.number !== 1 || fields.localName !== "fields" || !fields.utf8Validation || value.typeName !== "google.protobuf.Value")
    return false;
  const kinds = value.fields.map((field) => {
    const { number, localName, fieldKind, oneof } = field;
    return [number, localName, fieldKind, oneof?.localName, field.scalar].join(" ");
  });
  const standard = [
    "1 nullValue enum kind ",
    `2 numberValue scalar kind ${ScalarType.DOUBLE}`,
    `3 stringValue scalar kind ${ScalarType.STRING}`,
    `4 boolValue scalar kind ${ScalarType.BOOL}`,
    "5 structValue message kind ",
    "6 listValue message kind ",
  ];
  if (kinds.join() !== standard.join()) return false;
  const [nullValue, , stringValue, , structValue, listValue] = value.fields;
  if (nullValue?.enum?.open !== true || stringValue?.utf8Validation !== true) return false;
  const isGroup = (field: DescField | undefined) => field?.fieldKind === "message" && field.delimitedEncoding;
  if (structValue?.message !== struct || isGroup(structValue) || isGroup(listValue)) return false;
  const [values] = listValue?.message?.fields ?? [];
  return (
    listValue?.message?.fields.length === 1 &&
    values?.fieldKind === "list" &&
    values.number === 1 &&
    values.localName === "values" &&
    values.message === value &&
    !(values.listKind === "message" && values.delimitedEncoding)
  );
}

/** `true` if a message with the name of a wrapper has the standard field. */
export function isStandardWrapper(message: DescMessage): boolean {
  const [value] = message.fields;
  return (
    message.fields.length === 1 &&
    value?.presence === FeatureSet_FieldPresence.IMPLICIT &&
    value.localName === "value" &&
    value.oneof === undefined
  );
}
