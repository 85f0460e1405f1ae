import type { DescEnum } from "@bufbuild/protobuf";
import { isNot } from "../error.ts";
import { textWriter, writeText } from "./writer.ts";

type WriteEnum = (value: unknown, at: number) => number;

const writers = new WeakMap<DescEnum, WriteEnum>();

/**
 * Returns a function that writes the name of an enum value. Unknown numbers of an open enum are
 * written as numbers.
 */
export function enumWriter(desc: DescEnum): WriteEnum {
  let writer = writers.get(desc);
  if (writer === undefined) {
    writer = makeWriter(desc);
    writers.set(desc, writer);
  }
  return writer;
}

function makeWriter(desc: DescEnum): WriteEnum {
  const isNull = desc.typeName === "google.protobuf.NullValue";
  const names = new Map<unknown, (at: number) => number>();
  for (const { number, jsonName } of Object.values(desc.value)) {
    names.set(number, textWriter(JSON.stringify(jsonName)));
  }
  return (value, at) => {
    if (isNull && typeof value === "number") {
      return writeText("null", at);
    }
    const write = names.get(value);
    if (write !== undefined) {
      return write(at);
    }
    return typeof value === "number" && (value | 0) === value
      ? writeText(`${value}`, at)
      : isNot(value, `a value of the enum ${desc.typeName}`);
  };
}
