// Where JSON text grows. Text of ASCII is written as bytes into one array, several times faster than concatenation, whose pieces V8
// must walk over once more; all other text, and what is long, is concatenated. Printing never waits, so one writer does for all.
//
// Every function takes the position in the array to write at, and returns the position after what it wrote.
import { ScalarType } from "@bufbuild/protobuf";
import { isNot } from "./error.ts";

const size = 65_536;

/** The bytes not yet in the text. */
export const bytes = Buffer.allocUnsafeSlow(size);

/** What one value and the punctuation around it takes at most, if it is written as bytes. */
const valueRoom = 1024;

/** Strings longer than this are added as they are, not byte by byte. */
const longString = 64;

/** Bytes longer than this are encoded by Node. */
const longBytes = 512;

let text = "";

/** Buffer's own methods for each encoding are not in its types; `toString` finds them by name, and takes longer for that than for a short text. */
const { latin1Slice } = bytes as typeof bytes & { latin1Slice(this: Buffer, start: number, end: number): string };

function textOf(end: number): string {
  return latin1Slice.call(bytes, 0, end);
}

/** The first position of a new text. */
export function begin(): number {
  text = "";
  return 0;
}

/** All that was written since `begin`. */
export function finish(at: number): string {
  const last = textOf(at);
  if (text === "") {
    return last;
  }
  const all = text + last;
  text = "";
  return all;
}

/** The same for text that is needed within other text. What is written so far must be flushed. */
export function writtenWithin(write: (at: number) => number): string {
  const before = text;
  const inner = finish(write(begin()));
  text = before;
  return inner;
}

/** The last position at which a value may be written, with its key if that is short; beyond it the bytes must be flushed first. */
export const lastPosition = size - valueRoom;

export function flush(at: number): number {
  text += textOf(at);
  return 0;
}

/** Adds text of any length and kind. */
export function writeText(value: string, at: number): number {
  const { length } = value;
  if (length <= longString) {
    let i = 0;
    for (; i < length; i++) {
      const char = value.charCodeAt(i);
      if (char > 127) {
        break;
      }
      bytes[at + i] = char;
    }
    if (i === length) {
      return at + length;
    }
  }
  text += textOf(at) + value;
  return 0;
}

/** Makes the function that writes a text known beforehand. */
export function textWriter(value: string): (at: number) => number {
  if (value.length > longString || !/^[ -~]*$/.test(value)) {
    return (at) => writeText(value, at);
  }
  const ascii = Buffer.from(value);
  return (at) => {
    for (let i = 0; i < ascii.length; i++) {
      bytes[at + i] = ascii[i] ?? 0;
    }
    return at + ascii.length;
  };
}

/** Whatever JSON.stringify would escape: quotes, backslashes, control characters, and surrogates, as they may be lone. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be found
const escaped = /["\\\u0000-\u001f\ud800-\udfff]/;

export function writeString(value: unknown, at: number): number {
  if (typeof value !== "string") {
    return isNot(value, "a string");
  }
  const { length } = value;
  if (length <= longString) {
    let end = at;
    bytes[end++] = 34;
    for (let i = 0; i < length; i++) {
      const char = value.charCodeAt(i);
      if (char < 32 || char > 127 || char === 34 || char === 92) {
        break;
      }
      bytes[end++] = char;
    }
    if (end === at + 1 + length) {
      bytes[end] = 34;
      return end + 1;
    }
  }
  text += textOf(at) + (escaped.test(value) ? JSON.stringify(value) : `"${value}"`);
  return 0;
}

/** A list of strings. V8 is faster with the whole list than one can be string by string. */
export function writeStrings(values: readonly unknown[], at: number): number {
  for (const value of values) {
    if (typeof value !== "string") {
      return isNot(value, "a string");
    }
  }
  return writeText(JSON.stringify(values), at);
}

/** A map of strings by strings. */
export function writeStringMap(values: Readonly<Record<string, unknown>>, at: number): number {
  for (const key of Object.keys(values)) {
    if (typeof values[key] !== "string") {
      return isNot(values[key], "a string");
    }
  }
  return writeText(JSON.stringify(values), at);
}

/** The digits of an integer from 0 to 2 ** 31 - 1. */
export function writeDigits(value: number, at: number): number {
  if (value < 10) {
    bytes[at] = 48 + value;
    return at + 1;
  }
  return writeLastDigits(value, at, at + digitCount(value));
}

function digitCount(value: number): number {
  if (value < 10_000) {
    return value < 100 ? 2 : value < 1000 ? 3 : 4;
  }
  if (value < 1_000_000) {
    return value < 100_000 ? 5 : 6;
  }
  return value < 10_000_000 ? 7 : value < 100_000_000 ? 8 : value < 1_000_000_000 ? 9 : 10;
}

/** The last digits of an integer from 0 to 2 ** 31 - 1, with zeros before them: as many as there is room for. */
export function writeLastDigits(value: number, at: number, end: number): number {
  let rest = value | 0;
  for (let i = end - 1; i >= at; i--) {
    // All of it small integers, which V8 divides without a division.
    const tenth = (rest / 10) | 0;
    bytes[i] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

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
  // At most 10 digits: no other text that short is the same number, so this is what JavaScript would write, many times faster.
  if ((thousandths | 0) === thousandths && thousandths / 1000 === value) {
    return writeThousandths(thousandths, at);
  }
  return writeText(value - value === 0 ? `${value}` : `"${value}"`, at);
}

/** A float, as the shortest number that is the same float: 1.1, where the double is 1.100000023841858. */
function writeFloat(value: unknown, at: number): number {
  if (typeof value !== "number" || (value | 0) === value) {
    return writeFloating(value, at);
  }
  const thousandths = Math.round(value * 1000);
  // With at most six digits, no other number is the same float, and so none is shorter.
  if (Math.abs(thousandths) < 1e6 && Math.fround(thousandths / 1000) === value) {
    return writeThousandths(thousandths, at);
  }
  return writeFloating(shortest(value), at);
}

const leastNormalFloat = 2 ** -126;

/** Of a number that is no float, which a message can hold until it is on the wire: itself. */
function shortest(value: number): number {
  // Every number of six digits is a float's own, if it is not too small; and nine digits are enough for any.
  for (let digits = Math.abs(value) < leastNormalFloat ? 1 : 6; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) {
      return short;
    }
  }
  return value;
}

/** Not for a multiple of 1000. */
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

/** An int64 or a uint64, of any of the types protobuf-es takes for them. */
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

/** In halves that are small integers. */
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
    // Bytes beyond the last are undefined, and so 0.
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

/** The function that writes a scalar. It throws a Fault for a value of another type. */
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
