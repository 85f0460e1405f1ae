// Which messages can be compiled. What is refused here is legal for protobuf-es, or fails there in its own words; nobody writes it by hand.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isJsonStruct, isStandardStruct } from "./json-struct.ts";
import { maxFieldNumber } from "./wire.ts";

const implicit = 2; // google.protobuf.FeatureSet.FieldPresence.IMPLICIT

/** Names that a message object has for itself, and one that is none. */
const taken = new Set(["$typeName", "$unknown", "__proto__"]);

/** @throws if the message cannot be compiled. */
export function assertCompilable(message: DescMessage): void {
  const refuse = (why: string): never => {
    throw new TypeError(`${message.typeName}: ${why}`);
  };
  const numbers = new Set<number>();
  const names = new Set<string>();
  for (const field of message.fields) {
    const { number } = field;
    if (!Number.isInteger(number) || number < 1 || number > maxFieldNumber || numbers.has(number)) refuse(`field number ${number}`);
    numbers.add(number);
    if (field.scalar !== undefined && ScalarType[field.scalar] === undefined) refuse(`scalar type ${field.scalar}`);
    if (field.enum !== undefined) {
      if (field.enum.values.length === 0 || !field.enum.values.every((value) => Number.isInteger(value.number)))
        refuse(`enum ${field.enum.typeName}`);
    }
    if (isJsonStruct(field) && field.message !== undefined) {
      if (!isStandardStruct(field.message) || isDelimited(field)) refuse("another Struct");
    } else if (isWrapped(field) && (!isStandardWrapper(field.message) || isDelimited(field))) refuse("another wrapper");
  }
  for (const { localName, kind } of [...message.members, ...message.oneofs.flatMap((oneof) => oneof.fields)]) {
    if (names.has(localName) || taken.has(localName)) refuse(`the ${kind} name ${JSON.stringify(localName)}`);
    names.add(localName);
  }
}

const wrappers = new Set(
  ["Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"].map((name) => `google.protobuf.${name}Value`),
);

/** Is this field of a google.protobuf wrapper, which protobuf-es represents as the value in it? */
export function isWrapped(field: DescField): field is DescField & { fieldKind: "message" } {
  if (field.fieldKind !== "message" || field.oneof !== undefined || !wrappers.has(field.message.typeName)) return false;
  const [value] = field.message.fields;
  return value?.fieldKind === "scalar" && value.name === "value" && value.number === 1;
}

function isStandardWrapper(message: DescMessage): boolean {
  const [value] = message.fields;
  return message.fields.length === 1 && value?.presence === implicit && value.localName === "value" && value.oneof === undefined;
}

/** Is this field's message a group on the wire? */
export function isDelimited(field: DescField): boolean {
  return "delimitedEncoding" in field && field.delimitedEncoding === true;
}
