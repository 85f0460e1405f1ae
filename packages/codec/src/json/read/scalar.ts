// Reads scalars from JSON values and accepts everything that protobuf-es accepts. Generated code
// handles the common case inline and calls these functions for the rest.
import { ScalarType } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { isNot } from "../error.ts";
import { inexact, reading } from "./text.ts";

/**
 * Returns the function that reads a scalar. It takes any JSON value except null and throws a Fault.
 * Set `isText` for 64-bit integers that the message holds as text.
 */
export function scalarReader(type: ScalarType, isText: boolean): (value: unknown) => unknown {
  switch (type) {
    case ScalarType.DOUBLE:
      return readDouble;
    case ScalarType.FLOAT:
      return readFloat;
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return readInt32;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return readUint32;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return isText ? readInt64Text : readInt64;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return isText ? readUint64Text : readUint64;
    case ScalarType.BOOL:
      return readBool;
    case ScalarType.STRING:
      return readString;
    case ScalarType.BYTES:
      return readBytes;
  }
}

/**
 * Returns the function that converts a map key from JSON to the key of the message's object. The
 * two differ if the key is not in canonical form ("01"), and only then can two keys be equal.
 */
export function keyReader(type: ScalarType): (key: string) => string {
  switch (type) {
    case ScalarType.STRING:
      return readStringKey;
    case ScalarType.BOOL:
      return readBoolKey;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return readInt64Key;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return readUint64Key;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return readUint32Key;
    default:
      return readInt32Key;
  }
}

/**
 * The maximum length of a number in text. The exact decimal of a double has at most 1,077
 * characters.
 */
const longestNumber = 1200;
/**
 * The same for 64-bit integers: `0b` and 64 binary digits. A BigInt with a million digits takes a
 * second to parse.
 */
const longestInt64 = 66;

/**
 * Returns a number, also from text that `Number` accepts ("1e3", "0x10") without surrounding white
 * space. Returns `undefined` for anything else.
 */
function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") {
    return value;
  }
  if (typeof value === "string" && value !== "" && value.length <= longestNumber && value.trim().length === value.length) {
    return Number(value);
  }
  return typeof value === "bigint" ? Number(value) : undefined;
}

function readInt32(value: unknown): number {
  const number = numberOf(value);
  return number !== undefined && (number | 0) === number ? number : isNot(value, "an int32");
}

function readUint32(value: unknown): number {
  const number = numberOf(value);
  return number !== undefined && number >>> 0 === number ? number : isNot(value, "a uint32");
}

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const uint64Max = 2n ** 64n - 1n;

/**
 * Returns a bigint for a number without a fraction or its text, and `undefined` for anything else.
 * @throws inexact
 */
function bigintOf(value: unknown): bigint | undefined {
  if (typeof value === "bigint") {
    return value;
  }
  if (typeof value === "number" && !Number.isSafeInteger(value) && reading.isOwn && !reading.isExact) {
    throw inexact;
  }
  try {
    const isText = typeof value === "string" && value !== "" && value.length <= longestInt64;
    return typeof value === "number" || isText ? BigInt(value) : undefined;
  } catch {
    return undefined;
  }
}

/** Text of this length is always in range, even in hexadecimal. */
const shortInt64 = 17;

function readInt64(value: unknown): bigint {
  const bigint = bigintOf(value);
  const inRange =
    bigint !== undefined && ((typeof value === "string" && value.length <= shortInt64) || (bigint >= int64Min && bigint <= int64Max));
  return inRange ? bigint : isNot(value, "an int64");
}

function readUint64(value: unknown): bigint {
  const bigint = bigintOf(value);
  return bigint !== undefined && bigint >= 0n && bigint <= uint64Max ? bigint : isNot(value, "a uint64");
}

/** Reads an int64 of a field with `jstype = JS_STRING`. */
function readInt64Text(value: unknown): string {
  readInt64(value);
  return String(value);
}

/** Reads a uint64 of a field with `jstype = JS_STRING`. */
function readUint64Text(value: unknown): string {
  readUint64(value);
  return String(value);
}

function readDouble(value: unknown): number {
  return floating(value) ?? isNot(value, "a double");
}

function readFloat(value: unknown): number {
  const number = floating(value);
  // Numbers that round to infinity are out of range. Infinity itself is valid.
  if (number === undefined || (Number.isFinite(number) && !Number.isFinite(Math.fround(number)))) {
    return isNot(value, "a float");
  }
  return number;
}

function floating(value: unknown): number | undefined {
  switch (value) {
    case "NaN":
      return Number.NaN;
    case "Infinity":
      return Number.POSITIVE_INFINITY;
    case "-Infinity":
      return Number.NEGATIVE_INFINITY;
    default: {
      const number = numberOf(value);
      // JSON.parse turns 1e999 into infinity.
      return number !== undefined && Number.isFinite(number) ? number : undefined;
    }
  }
}

function readBool(value: unknown): boolean {
  return typeof value === "boolean" ? value : isNot(value, "a bool");
}

function readString(value: unknown): string {
  // A lone surrogate cannot be encoded as UTF-8.
  if (typeof value !== "string") return isNot(value, "a string");
  return value.isWellFormed() ? value : isNot(value, "a string of valid Unicode");
}

const strictBase64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** From this length on, Node's decoder is faster despite the cost of the call. */
const longBase64 = 256;

/** The value of each base64 or base64url digit, and -1 for all other characters. */
const digits = new Int8Array(128).fill(-1);
for (const [value, char] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries()) {
  digits[char.charCodeAt(0)] = value;
}
digits["-".charCodeAt(0)] = 62;
digits["_".charCodeAt(0)] = 63;

/** Reads base64 or base64url, with or without padding. */
function readBytes(value: unknown): Uint8Array<ArrayBuffer> {
  if (typeof value !== "string") {
    return isNot(value, "base64");
  }
  const decoded = value.length < longBase64 ? decodeShort(value) : decodeLong(value);
  if (decoded !== undefined) {
    return decoded;
  }
  try {
    // Handles white space, and padding in the middle.
    return base64Decode(value);
  } catch {
    return isNot(value, "base64");
  }
}

/** Decodes common base64. Returns `undefined` for other text. */
function decodeShort(text: string): Uint8Array<ArrayBuffer> | undefined {
  let length = text.length;
  while (length > 0 && text.charCodeAt(length - 1) === 61) {
    length--;
  }
  if (length % 4 === 1) {
    return undefined;
  }
  const bytes = new Uint8Array((length * 3) >> 2);
  let at = 0;
  let held = 0;
  let bits = 0;
  for (let i = 0; i < length; i++) {
    const digit = digits[text.charCodeAt(i)];
    if (digit === undefined || digit < 0) {
      return undefined;
    }
    held = (held << 6) | digit;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
    }
  }
  return bytes;
}

/**
 * Like `decodeShort`, with Node's decoder. Node skips characters that are not base64, so check for
 * them first.
 */
function decodeLong(text: string): Uint8Array<ArrayBuffer> | undefined {
  const { length } = text;
  if (length % 4 !== 0 || !strictBase64.test(text)) {
    return undefined;
  }
  const bytes = new Uint8Array((length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0));
  Buffer.from(bytes.buffer).write(text, "base64");
  return bytes;
}

function readInt32Key(key: string): string {
  const number = numberOf(key);
  return number !== undefined && (number | 0) === number ? String(number) : isNot(key, "an int32 for a key");
}

function readUint32Key(key: string): string {
  const number = numberOf(key);
  return number !== undefined && number >>> 0 === number ? String(number) : isNot(key, "a uint32 for a key");
}

/** Canonicalizes an integer key as protobuf-es does: without leading zeros, and "0" for "-0". */
function canonical(key: string): string {
  if (key.length > longestInt64) return key;
  return /^-?0+$/.test(key) ? "0" : key.replace(/^(-?)0+(?=\d)/, "$1");
}

function readInt64Key(key: string): string {
  const bigint = bigintOf(canonical(key));
  return bigint !== undefined && bigint >= int64Min && bigint <= int64Max ? canonical(key) : isNot(key, "an int64 for a key");
}

function readUint64Key(key: string): string {
  const bigint = bigintOf(canonical(key));
  return bigint !== undefined && bigint >= 0n && bigint <= uint64Max ? canonical(key) : isNot(key, "a uint64 for a key");
}

function readBoolKey(key: string): string {
  return key === "true" || key === "false" ? key : isNot(key, "true or false for a key");
}

function readStringKey(key: string): string {
  return key.isWellFormed() ? key : isNot(key, "a string of valid Unicode for a key");
}
