// Decides which messages can be compiled. The rejected descriptors are legal but unusual:
// protobuf-es handles them, or fails with its own error.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isPlainStruct, unwrapped } from "../shape/field.ts";
import { isStandardStruct, isStandardWrapper } from "../shape/standard.ts";
import { maxFieldNumber } from "./wire.ts";

/** Property names that no field may have. */
const reserved = new Set(["$typeName", "$unknown", "__proto__"]);

/** @throws TypeError if the message cannot be compiled. */
export function assertCompilable(message: DescMessage): void {
  const reject = (why: string): never => {
    throw new TypeError(`${message.typeName}: ${why}`);
  };
  const numbers = new Set<number>();
  const names = new Set<string>();
  for (const field of message.fields) {
    const { number } = field;
    if (!Number.isInteger(number) || number < 1 || number > maxFieldNumber || numbers.has(number)) reject(`field number ${number}`);
    numbers.add(number);
    if (field.scalar !== undefined && ScalarType[field.scalar] === undefined) reject(`scalar type ${field.scalar}`);
    if (field.enum !== undefined) {
      if (field.enum.values.length === 0 || !field.enum.values.every((value) => Number.isInteger(value.number)))
        reject(`enum ${field.enum.typeName}`);
    }
    if (field.message !== undefined && isPlainStruct(field)) {
      if (!isStandardStruct(field.message) || isDelimited(field)) reject("nonstandard Struct");
    } else if (field.message !== undefined && unwrapped(field) !== undefined) {
      if (!isStandardWrapper(field.message) || isDelimited(field)) reject("nonstandard wrapper");
    }
  }
  for (const { localName, kind } of [...message.members, ...message.oneofs.flatMap((oneof) => oneof.fields)]) {
    if (names.has(localName) || reserved.has(localName)) reject(`the ${kind} name ${JSON.stringify(localName)}`);
    names.add(localName);
  }
}

/** `true` if the field's message is a group on the wire. */
export function isDelimited(field: DescField): boolean {
  return "delimitedEncoding" in field && field.delimitedEncoding === true;
}
