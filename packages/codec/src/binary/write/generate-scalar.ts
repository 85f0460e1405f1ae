// Code of generated writers that checks values, reserves room, and writes tags, lengths and
// scalars. `generateWrite` lists the variables.
import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { integer } from "../../generate/source.ts";
import { unwrapped } from "../../shape/field.ts";
import { tagBytes } from "../wire.ts";

/** The maximum size of a length in bytes. */
export const lengthRoom = 5;

/** Returns the scalar type that encodes a field's values, or `undefined` for messages. */
export function typeOf(field: DescField): ScalarType | undefined {
  return field.enum === undefined ? field.scalar : ScalarType.INT32;
}

/** Reserves room for `bytes` bytes, plus `more`. */
export function ensure(bytes: number, more = ""): string {
  const need = more === "" ? `${bytes}` : `${more} + ${bytes}`;
  return bytes === 0 && more === "" ? "" : `if (p + ${need} > b.length) b = grow(p, ${need});`;
}

export function tag(number: number, wire: number): string {
  return tagBytes(number, wire)
    .map((byte) => `b[p++] = ${integer(byte)};`)
    .join(" ");
}

/** Writes the length of the value that begins at `start`. */
export function close(start: string, guess: string, next: string, room: number): string {
  return `{
    const size = p - ${start} - ${guess};
    if (${guess} === 1 && size < 0x80) b[${start}] = size;
    else { p = seal(${start}, ${guess}, p); ${next} = output.lengthSize; b = output.bytes; }
    ${ensure(room)}
  }`;
}

/** Returns the maximum size of the fixed part of a field, without values of variable length. */
export function fixedRoom(field: DescField): number {
  const tag = tagBytes(field.number, 0).length;
  const wrapped = unwrapped(field);
  switch (field.fieldKind) {
    case "map":
      return 0;
    case "list":
      return field.packed ? tag + lengthRoom : 0;
    case "message":
      return tag + lengthRoom + (wrapped === undefined ? 0 : 1 + valueRoom(wrapped.scalar));
    default:
      return tag + valueRoom(typeOf(field) as ScalarType);
  }
}

/** Returns the maximum size of a value in bytes, or 0 for types that reserve room themselves. */
export function valueRoom(type: ScalarType): number {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return 0;
    case ScalarType.BOOL:
      return 1;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 4;
    case ScalarType.UINT32:
    case ScalarType.SINT32:
      return 5;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 8;
    default:
      return 10;
  }
}

/**
 * Returns an expression that is true if compiled code can write `v`. Other values go to
 * protobuf-es.
 */
export function fits(type: ScalarType | undefined): string {
  switch (type) {
    case undefined:
      // Messages, and values of wrappers, which are checked again.
      return "v !== undefined && v !== null";
    case ScalarType.STRING:
      return 'typeof v === "string"';
    case ScalarType.BOOL:
      return 'typeof v === "boolean"';
    case ScalarType.BYTES:
      return "v instanceof Uint8Array";
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return 'typeof v === "number"';
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return 'typeof v === "number" && (v | 0) === v';
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return 'typeof v === "number" && v >>> 0 === v';
    default:
      // bigints, numbers and strings: the functions that write them check the type.
      return "v !== undefined && v !== null";
  }
}

/**
 * Returns an expression that is true unless `v` is the zero value, which a field with implicit
 * presence omits.
 */
export function notZero(type: ScalarType | undefined): string {
  switch (type) {
    case ScalarType.STRING:
      return 'v !== ""';
    case ScalarType.BOOL:
      return "v";
    case ScalarType.BYTES:
      return "v.byteLength > 0";
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return "v !== 0 || 1 / v < 0";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 'typeof v === "bigint" ? v !== 0n : v != 0';
    default:
      return "v !== 0";
  }
}

/** Writes `v`, which fits, and leaves `room` bytes behind it. */
export function writeScalar(type: ScalarType, room: number): string {
  const varint = "while (v > 0x7f) { b[p++] = v & 0x7f | 0x80; v >>>= 7; } b[p++] = v;";
  switch (type) {
    case ScalarType.STRING:
      return `p = text(v, p, ${room}); b = output.bytes;`;
    case ScalarType.BYTES:
      return `p = blob(v, p, ${room}); b = output.bytes;`;
    case ScalarType.BOOL:
      return "b[p++] = v ? 1 : 0;";
    case ScalarType.INT32:
      return `if (v < 0) p = negative(v, p); else { ${varint} }`;
    case ScalarType.UINT32:
      return varint;
    case ScalarType.SINT32:
      return `v = (v << 1 ^ v >> 31) >>> 0; ${varint}`;
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return "b[p++] = v; b[p++] = v >>> 8; b[p++] = v >>> 16; b[p++] = v >>> 24;";
    case ScalarType.FLOAT:
      return "p = float(v, p);";
    case ScalarType.DOUBLE:
      return "p = double(v, p);";
    case ScalarType.INT64:
      return "p = int64(v, p);";
    case ScalarType.UINT64:
      return "p = uint64(v, p);";
    case ScalarType.SINT64:
      return "p = sint64(v, p);";
    case ScalarType.FIXED64:
      return "p = fixed64(v, p);";
    case ScalarType.SFIXED64:
      return "p = sfixed64(v, p);";
  }
}

/** Returns an expression that converts a property name to a map key, as protobuf-es does. */
export function mapKey(type: ScalarType): string {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "name";
    case ScalarType.BOOL:
      return 'name === "true" ? true : name === "false" ? false : undefined';
    default:
      return "parseInt(name)";
  }
}
