// Which messages can be compiled. What is refused here is legal for protobuf-es, or fails there with its own error; no one writes it by hand.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isPlainStruct, unwrapped } from "../shape/field.ts";
import { isStandardStruct, isStandardWrapper } from "../shape/standard.ts";
import { maxFieldNumber } from "./wire.ts";

/** Names of a message object that no field may have. */
const taken = new Set(["$typeName", "$unknown", "__proto__"]);

/** @throws TypeError if the message cannot be compiled. */
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
    if (field.message !== undefined && isPlainStruct(field)) {
      if (!isStandardStruct(field.message) || isDelimited(field)) refuse("another Struct");
    } else if (field.message !== undefined && unwrapped(field) !== undefined) {
      if (!isStandardWrapper(field.message) || isDelimited(field)) refuse("another wrapper");
    }
  }
  for (const { localName, kind } of [...message.members, ...message.oneofs.flatMap((oneof) => oneof.fields)]) {
    if (names.has(localName) || taken.has(localName)) refuse(`the ${kind} name ${JSON.stringify(localName)}`);
    names.add(localName);
  }
}

/** `true` if the field's message is a group on the wire. */
export function isDelimited(field: DescField): boolean {
  return "delimitedEncoding" in field && field.delimitedEncoding === true;
}
