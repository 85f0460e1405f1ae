// The output of JSON text. ASCII is written as bytes into one array, several times faster than
// concatenation, which V8 must flatten later. Other text and long text is concatenated. Printing is
// synchronous, so one writer is enough.
//
// Every function takes the position to write at and returns the position after the written bytes.
import { isNot } from "../error.ts";

const size = 65_536;

/** The bytes that are not yet part of the text. */
export const bytes = Buffer.allocUnsafeSlow(size);

/** The same bytes, for writing eight at a time. */
export const doubles = new DataView(bytes.buffer, bytes.byteOffset, size);

/** The maximum size in bytes of a value and its punctuation. */
const valueRoom = 1024;

/** Longer strings are concatenated as they are instead of byte by byte. */
const longString = 64;

let text = "";

/**
 * An undocumented method of Buffer. `toString` looks it up by name, which takes longer than a short
 * text.
 */
const { latin1Slice } = bytes as typeof bytes & { latin1Slice(this: Buffer, start: number, end: number): string };

function textOf(end: number): string {
  return latin1Slice.call(bytes, 0, end);
}

/** Begins a new text. Returns its first position. */
export function begin(): number {
  text = "";
  return 0;
}

/** Returns everything written since `begin`. */
export function finish(at: number): string {
  const last = textOf(at);
  if (text === "") {
    return last;
  }
  const all = text + last;
  text = "";
  return all;
}

/** Returns text written by `write`, for use within the current text, which must be flushed. */
export function writtenWithin(write: (at: number) => number): string {
  const before = text;
  const inner = finish(write(begin()));
  text = before;
  return inner;
}

/** The last position at which a value with a short key fits. Beyond it, flush first. */
export const lastPosition = size - valueRoom;

export function flush(at: number): number {
  text += textOf(at);
  return 0;
}

/** Writes text of any length and kind. */
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

/** Returns a function that writes a constant text. */
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

/**
 * Characters that JSON.stringify escapes: quotes, backslashes, control characters, and lone
 * surrogates.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes control characters
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

/** Writes a list of strings. V8 is faster with the whole list than string by string. */
export function writeStrings(values: readonly unknown[], at: number): number {
  for (const value of values) {
    if (typeof value !== "string") {
      return isNot(value, "a string");
    }
  }
  return writeText(JSON.stringify(values), at);
}

/** Writes a map from strings to strings. */
export function writeStringMap(values: Readonly<Record<string, unknown>>, at: number): number {
  for (const key of Object.keys(values)) {
    if (typeof values[key] !== "string") {
      return isNot(values[key], "a string");
    }
  }
  return writeText(JSON.stringify(values), at);
}

/** Writes the digits of an integer from 0 to 2 ** 31 - 1. */
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

/**
 * Writes the last digits of an integer from 0 to 2 ** 31 - 1, padded with zeros to fill the range.
 */
export function writeLastDigits(value: number, at: number, end: number): number {
  let rest = value | 0;
  for (let i = end - 1; i >= at; i--) {
    // V8 divides small integers without a division instruction.
    const tenth = (rest / 10) | 0;
    bytes[i] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}
