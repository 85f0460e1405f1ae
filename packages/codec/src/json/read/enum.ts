import type { DescEnum } from "@bufbuild/protobuf";
import { isNot } from "../error.ts";

type ReadEnum = (value: unknown) => number | undefined;

const strict = new WeakMap<DescEnum, ReadEnum>();
const lenient = new WeakMap<DescEnum, ReadEnum>();

/**
 * Returns a function that reads the number of an enum value from JSON. It returns `undefined` for
 * an unknown name if `ignoreUnknown` is set.
 */
export function enumReader(desc: DescEnum, ignoreUnknown: boolean): ReadEnum {
  const made = ignoreUnknown ? lenient : strict;
  let reader = made.get(desc);
  if (reader === undefined) {
    reader = makeReader(desc, ignoreUnknown);
    made.set(desc, reader);
  }
  return reader;
}

function makeReader(desc: DescEnum, ignoreUnknown: boolean): ReadEnum {
  const numbers = new Map<unknown, number>();
  // A value's own name takes precedence over the custom JSON name of another value.
  for (const { jsonName, number } of desc.values) {
    numbers.set(jsonName, number);
  }
  for (const { name, number } of desc.values) {
    numbers.set(name, number);
  }
  const declared = new Set<unknown>(desc.values.map(({ number }) => number));
  return (value) => {
    if (typeof value === "string") {
      const number = numbers.get(value);
      if (number !== undefined || ignoreUnknown) {
        return number;
      }
    } else if (typeof value === "number" && (desc.open ? (value | 0) === value : declared.has(value))) {
      return value;
    } else if (value === null) {
      return desc.values[0]?.number;
    }
    return isNot(value, `a value of the enum ${desc.typeName}`);
  };
}
