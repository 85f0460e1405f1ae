// google.api.field_behavior (https://google.aip.dev/203): whether a field is required, and who sets
// it.
import type { DescField } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/**
 * The number of the extension of google.protobuf.FieldOptions. Few upstreams provide its file, so
 * it is parsed by number.
 */
const extension = 1052;

/** The values of google.api.FieldBehavior that the document uses. */
const names: ReadonlyMap<number, Behavior> = new Map([
  [2, "REQUIRED"],
  [3, "OUTPUT_ONLY"],
  [4, "INPUT_ONLY"],
  [5, "IMMUTABLE"],
]);

export type Behavior = "REQUIRED" | "OUTPUT_ONLY" | "INPUT_ONLY" | "IMMUTABLE";

const none: ReadonlySet<Behavior> = new Set();
const known = new WeakMap<DescField, ReadonlySet<Behavior>>();

export function behaviorsOf(field: DescField): ReadonlySet<Behavior> {
  const unknown = field.proto.options?.$unknown;
  if (unknown === undefined) return none;
  const behaviors = known.get(field) ?? new Set(numbersIn(unknown).flatMap((number) => names.get(number) ?? []));
  known.set(field, behaviors);
  return behaviors;
}

/** Parses a repeated enum, packed or not. */
function numbersIn(unknown: readonly { readonly no: number; readonly wireType: WireType; readonly data: Uint8Array }[]): number[] {
  return unknown.flatMap(({ no, wireType, data }) => {
    if (no !== extension) return [];
    const reader = new BinaryReader(data);
    if (wireType === WireType.Varint) return reader.int32();
    if (wireType !== WireType.LengthDelimited) return [];
    const end = reader.uint32() + reader.pos;
    const numbers: number[] = [];
    while (reader.pos < end) numbers.push(reader.int32());
    return numbers;
  });
}
