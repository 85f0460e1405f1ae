// Scalars to JSON text, as JSON.stringify would write what protobuf-es makes of them.
import { ScalarType } from "@bufbuild/protobuf";
import { isNot } from "./error.ts";

/** The function that prints a scalar. It throws a Fault for a value of another type. */
export function scalarPrinter(type: ScalarType): (value: unknown) => string {
  switch (type) {
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return printFloating;
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return printInt32;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return printUint32;
    case ScalarType.BOOL:
      return printBool;
    case ScalarType.STRING:
      return printString;
    case ScalarType.BYTES:
      return printBytes;
    default:
      return printInt64;
  }
}

/** Whatever JSON.stringify would escape: quotes, backslashes, control characters, and surrogates, as they may be lone. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be found
export const escaped = /["\\\u0000-\u001f\ud800-\udfff]/;

export function printString(value: unknown): string {
  if (typeof value !== "string") {
    return isNot(value, "a string");
  }
  return escaped.test(value) ? JSON.stringify(value) : `"${value}"`;
}

/** A list of strings. V8 is faster with the whole list than one can be string by string. */
export function printStrings(values: readonly unknown[]): string {
  for (const value of values) {
    if (typeof value !== "string") {
      return isNot(value, "a string");
    }
  }
  return JSON.stringify(values);
}

/** A map of strings. */
export function printStringMap(values: Readonly<Record<string, unknown>>): string {
  for (const key of Object.keys(values)) {
    if (typeof values[key] !== "string") {
      return isNot(values[key], "a string");
    }
  }
  return JSON.stringify(values);
}

export function printInt32(value: unknown): string {
  return typeof value === "number" && (value | 0) === value ? `${value}` : isNot(value, "an int32");
}

function printUint32(value: unknown): string {
  return typeof value === "number" && value >>> 0 === value ? `${value}` : isNot(value, "a uint32");
}

/** An int64 or a uint64, of any of the types protobuf-es takes for them. */
function printInt64(value: unknown): string {
  if (typeof value === "bigint") {
    return `"${value}"`;
  }
  if (typeof value === "string") {
    return printString(value);
  }
  return typeof value === "number" && Number.isInteger(value) ? `"${value}"` : isNot(value, "a 64-bit integer");
}

function printFloating(value: unknown): string {
  if (typeof value !== "number") {
    return isNot(value, "a number");
  }
  return value - value === 0 ? `${value}` : `"${value}"`;
}

function printBool(value: unknown): string {
  return typeof value === "boolean" ? `${value}` : isNot(value, "a bool");
}

/** For short bytes: copying them is faster than making a Buffer of them. */
const scratch = Buffer.allocUnsafeSlow(1024);

function printBytes(value: unknown): string {
  if (!(value instanceof Uint8Array)) {
    return isNot(value, "a Uint8Array");
  }
  if (value.length <= scratch.length) {
    scratch.set(value);
    return `"${scratch.toString("base64", 0, value.length)}"`;
  }
  return `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")}"`;
}
