// Where JSON text grows. Text of ASCII is written as bytes into one array, several times faster than concatenation, whose pieces V8
// must walk over once more; all other text, and what is long, is concatenated. Printing never waits, so one writer does for all.
//
// Every function takes the position in the array to write at, and returns the position after what it wrote.
import { isNot } from "../error.ts";

const size = 65_536;

/** The bytes not yet in the text. */
export const bytes = Buffer.allocUnsafeSlow(size);

/** The same bytes, to be written eight at a time. */
export const doubles = new DataView(bytes.buffer, bytes.byteOffset, size);

/** What one value and the punctuation around it takes at most, if it is written as bytes. */
const valueRoom = 1024;

/** Strings longer than this are added as they are, not byte by byte. */
const longString = 64;

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
