// Constants of the protobuf wire format: https://protobuf.dev/programming-guides/encoding/
import { ScalarType } from "@bufbuild/protobuf";

/** The low three bits of a tag. */
export const Wire = { varint: 0, bit64: 1, bytes: 2, groupStart: 3, groupEnd: 4, bit32: 5 } as const;

/** The largest field number. */
export const maxFieldNumber = 0x1fff_ffff;

export function wireOf(type: ScalarType): number {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return Wire.bytes;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return Wire.bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return Wire.bit32;
    default:
      return Wire.varint;
  }
}

/** Returns the bytes of a tag, as a varint. */
export function tagBytes(number: number, wire: number): number[] {
  return varintBytes(((number << 3) | wire) >>> 0);
}

export function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}
