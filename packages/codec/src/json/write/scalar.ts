// Writes scalars as JSON. The functions accept any value and throw a Fault for other types.
import { ScalarType } from "@bufbuild/protobuf";
import { shortestFloat32 } from "../../shape/float32.ts";
import { isNot } from "../error.ts";
import { bytes, writeDigits, writeLastDigits, writeString, writeText } from "./writer.ts";

/** From this length on, Node encodes bytes as base64. */
const longBytes = 512;

const int32Min = -(2 ** 31);

function writeInteger(value: number, at: number): number {
  if (value >= 0) {
    return writeDigits(value, at);
  }
  if (value === int32Min) {
    return writeText("-2147483648", at);
  }
  bytes[at] = 45;
  return writeDigits(-value, at + 1);
}

function writeInt32(value: unknown, at: number): number {
  return typeof value === "number" && (value | 0) === value ? writeInteger(value | 0, at) : isNot(value, "an int32");
}

function writeUint32(value: unknown, at: number): number {
  if (typeof value !== "number" || value >>> 0 !== value) {
    return isNot(value, "a uint32");
  }
  return value < 2 ** 31 ? writeDigits(value, at) : writeText(`${value}`, at);
}

function writeFloating(value: unknown, at: number): number {
  if (typeof value !== "number") {
    return isNot(value, "a number");
  }
  if ((value | 0) === value) {
    return writeInteger(value | 0, at);
  }
  const thousandths = value * 1000;
  // The text has at most 10 digits. It is the shortest text of the number, so it is what JavaScript
  // would print, and this is many times faster.
  if ((thousandths | 0) === thousandths && thousandths / 1000 === value) {
    return writeThousandths(thousandths, at);
  }
  return writeText(value - value === 0 ? `${value}` : `"${value}"`, at);
}

/**
 * Writes a float as the shortest decimal that identifies it: 1.1 for the double 1.100000023841858.
 */
function writeFloat(value: unknown, at: number): number {
  if (typeof value !== "number" || (value | 0) === value) {
    return writeFloating(value, at);
  }
  const thousandths = Math.round(value * 1000);
  // With at most six digits, no other number is the same float, so this is the shortest text.
  if (Math.abs(thousandths) < 1e6 && Math.fround(thousandths / 1000) === value) {
    return writeThousandths(thousandths, at);
  }
  return writeFloating(shortestFloat32(value), at);
}

/** Writes a number of thousandths that is not a multiple of 1000. */
function writeThousandths(thousandths: number, at: number): number {
  const whole = Math.trunc(thousandths / 1000);
  let end = at;
  if (thousandths < 0) {
    bytes[end++] = 45;
  }
  end = writeDigits(Math.abs(whole), end);
  bytes[end++] = 46;
  end = writeLastDigits(Math.abs(thousandths - whole * 1000), end, end + 3);
  while (bytes[end - 1] === 48) {
    end--;
  }
  return end;
}

function writeBool(value: unknown, at: number): number {
  return typeof value === "boolean" ? writeText(value ? "true" : "false", at) : isNot(value, "a bool");
}

/** Writes an int64 or uint64 from any type that protobuf-es accepts. */
function writeInt64(value: unknown, at: number): number {
  if (typeof value === "bigint") {
    const number = Number(value);
    bytes[at] = 34;
    const end = Number.isSafeInteger(number) ? writeSafeInteger(number, at + 1) : writeText(`${value}`, at + 1);
    bytes[end] = 34;
    return end + 1;
  }
  if (typeof value === "string") {
    return writeString(value, at);
  }
  return typeof value === "number" && Number.isInteger(value) ? writeText(`"${value}"`, at) : isNot(value, "a 64-bit integer");
}

/** Writes two halves that are small integers. */
function writeSafeInteger(value: number, at: number): number {
  if (value < 0) {
    bytes[at] = 45;
    return writeSafeInteger(-value, at + 1);
  }
  if (value < 1e9) {
    return writeDigits(value, at);
  }
  const top = Math.floor(value / 1e8);
  const end = writeDigits(top, at);
  return writeLastDigits(value - top * 1e8, end, end + 8);
}

const base64 = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

function writeBytes(value: unknown, at: number): number {
  if (!(value instanceof Uint8Array)) {
    return isNot(value, "a Uint8Array");
  }
  const { length } = value;
  if (length > longBytes) {
    return writeText(`"${Buffer.from(value.buffer, value.byteOffset, length).toString("base64")}"`, at);
  }
  let end = at;
  bytes[end++] = 34;
  for (let i = 0; i < length; i += 3) {
    // Bytes beyond the end are undefined, which becomes 0.
    const three = ((value[i] ?? 0) << 16) | ((value[i + 1] ?? 0) << 8) | (value[i + 2] ?? 0);
    bytes[end] = base64[three >> 18] ?? 0;
    bytes[end + 1] = base64[(three >> 12) & 63] ?? 0;
    bytes[end + 2] = i + 1 < length ? (base64[(three >> 6) & 63] ?? 0) : 61;
    bytes[end + 3] = i + 2 < length ? (base64[three & 63] ?? 0) : 61;
    end += 4;
  }
  bytes[end] = 34;
  return end + 1;
}

/** Returns the function that writes a scalar. It throws a Fault for a value of another type. */
export function scalarWriter(type: ScalarType): (value: unknown, at: number) => number {
  switch (type) {
    case ScalarType.DOUBLE:
      return writeFloating;
    case ScalarType.FLOAT:
      return writeFloat;
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return writeInt32;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return writeUint32;
    case ScalarType.BOOL:
      return writeBool;
    case ScalarType.STRING:
      return writeString;
    case ScalarType.BYTES:
      return writeBytes;
    default:
      return writeInt64;
  }
}
