// The functions that compiled writers call. Each takes a position and returns the next one. They
// give up on unexpected values.

import { float32, float64, bytes as scratch, int64 as signed, uint64 as unsigned, words } from "../words.ts";
import { giveUp, grow, output, varint, varintSize } from "./output.ts";

// Node's undocumented method: the documented `write` looks it up on every call.
const { utf8Write } = Buffer.prototype as unknown as {
  utf8Write?: (this: Buffer, text: string, at: number, length: number) => number;
};

const codeAt = String.prototype.charCodeAt;

/**
 * The longest ASCII string in characters that is encoded here. Native code is faster for longer
 * ones.
 */
const shortAscii = 20;
/** The same for strings with other characters. Up to this size, the length takes one byte. */
const shortWide = 40;
/**
 * Strings of this length or longer are measured first, because reserving for the worst case would
 * waste memory.
 */
const longText = 1024;

/** Writes a string and its length, and leaves `room` bytes behind it. */
export function text(given: string, at: number, room: number): number {
  // V8 has a dozen string representations, and property access is slow once a call site has seen
  // more than four. The concatenation proves to V8 that the value is a string.
  // biome-ignore lint/style/useTemplate: a template checks the type again and is slower.
  const value = "" + given;
  const { length } = value;
  if (length >= longText) return longString(value, at, room);
  let { bytes } = output;
  const most = 3 * length + 5 + room;
  if (at + most > bytes.length) bytes = grow(at, most);
  if (length <= shortAscii) {
    let p = at;
    let i = 0;
    for (; i < length; i++) {
      const unit = codeAt.call(value, i);
      if (unit > 0x7f) break;
      bytes[++p] = unit;
    }
    if (i === length) {
      bytes[at] = length;
      return p + 1;
    }
  }
  return otherText(value, length, bytes, at);
}

/** Writes a string that is longer or has other characters, for which there is room. */
function otherText(value: string, length: number, bytes: Buffer, at: number): number {
  if (length <= shortAscii || (length <= shortWide && codeAt.call(value, 0) > 0x7f)) {
    const start = at + 1;
    let p = start;
    let i = 0;
    for (; i < length; i++) {
      const unit = codeAt.call(value, i);
      if (unit < 0x80) bytes[p++] = unit;
      else if (unit < 0x800) {
        bytes[p++] = (unit >> 6) | 0xc0;
        bytes[p++] = (unit & 0x3f) | 0x80;
      } else if ((unit & 0xf800) !== 0xd800) {
        bytes[p++] = (unit >> 12) | 0xe0;
        bytes[p++] = ((unit >> 6) & 0x3f) | 0x80;
        bytes[p++] = (unit & 0x3f) | 0x80;
      } else break; // a surrogate pair, or half of one
    }
    if (i === length) {
      bytes[at] = p - start;
      return p;
    }
  }
  const guess = varintSize(codeAt.call(value, 0) > 0x7ff ? 3 * length : length);
  const start = at + guess;
  const written = native(bytes, value, start);
  const needed = varintSize(written);
  if (needed !== guess) bytes.copyWithin(at + needed, start, start + written);
  return varint(written, at) + written;
}

function longString(value: string, at: number, room: number): number {
  const length = Buffer.byteLength(value);
  const need = 5 + length + room;
  const bytes = at + need > output.bytes.length ? grow(at, need) : output.bytes;
  return varint(length, at) + native(bytes, value, at + varintSize(length));
}

function native(bytes: Buffer, value: string, at: number): number {
  return utf8Write === undefined ? bytes.write(value, at) : utf8Write.call(bytes, value, at, bytes.length - at);
}

/** Writes bytes and their length, and leaves `room` bytes behind them. */
export function blob(value: Uint8Array, at: number, room: number): number {
  const { length } = value;
  const need = 5 + length + room;
  const bytes = at + need > output.bytes.length ? grow(at, need) : output.bytes;
  const start = varint(length, at);
  if (length > 16) bytes.set(value, start);
  else for (let i = 0; i < length; i++) bytes[start + i] = value[i] as number;
  return start + length;
}

/** Writes a negative int32, which is sign-extended to 64 bits and takes ten bytes. */
export function negative(value: number, at: number): number {
  const { bytes } = output;
  bytes[at] = (value & 0x7f) | 0x80;
  bytes[at + 1] = ((value >> 7) & 0x7f) | 0x80;
  bytes[at + 2] = ((value >> 14) & 0x7f) | 0x80;
  bytes[at + 3] = ((value >> 21) & 0x7f) | 0x80;
  bytes[at + 4] = ((value >> 28) & 0x7f) | 0x80;
  bytes[at + 5] = 0xff;
  bytes[at + 6] = 0xff;
  bytes[at + 7] = 0xff;
  bytes[at + 8] = 0xff;
  bytes[at + 9] = 1;
  return at + 10;
}

/** Splits a signed 64-bit integer into the shared words. */
function splitSigned(value: unknown): void {
  if (typeof value === "bigint") {
    signed[0] = value;
    if (signed[0] !== value) giveUp();
  } else if (typeof value === "number" && Number.isSafeInteger(value)) splitNumber(value);
  else if (typeof value === "string") splitSigned(BigInt(value));
  else giveUp();
}

function splitUnsigned(value: unknown): void {
  if (typeof value === "bigint") {
    unsigned[0] = value;
    if (unsigned[0] !== value) giveUp();
  } else if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) splitNumber(value);
  else if (typeof value === "string") splitUnsigned(BigInt(value));
  else giveUp();
}

function splitNumber(value: number): void {
  words[0] = value | 0;
  words[1] = Math.floor(value / 0x1_0000_0000);
}

function varint64(at: number): number {
  const { bytes } = output;
  let low = (words[0] as number) >>> 0;
  let high = (words[1] as number) >>> 0;
  let p = at;
  while (high !== 0) {
    bytes[p++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  while (low > 0x7f) {
    bytes[p++] = (low & 0x7f) | 0x80;
    low >>>= 7;
  }
  bytes[p++] = low;
  return p;
}

export function int64(value: unknown, at: number): number {
  splitSigned(value);
  return varint64(at);
}

export function uint64(value: unknown, at: number): number {
  splitUnsigned(value);
  return varint64(at);
}

export function sint64(value: unknown, at: number): number {
  splitSigned(value);
  const low = words[0] as number;
  const high = words[1] as number;
  const sign = high >> 31;
  words[0] = (low << 1) ^ sign;
  words[1] = ((high << 1) | (low >>> 31)) ^ sign;
  return varint64(at);
}

export function sfixed64(value: unknown, at: number): number {
  splitSigned(value);
  return eight(at);
}

export function fixed64(value: unknown, at: number): number {
  splitUnsigned(value);
  return eight(at);
}

export function double(value: number, at: number): number {
  float64[0] = value;
  return eight(at);
}

export function float(value: number, at: number): number {
  float32[0] = value;
  const rounded = float32[0] as number;
  if ((rounded === Number.POSITIVE_INFINITY || rounded === Number.NEGATIVE_INFINITY) && rounded !== value) giveUp();
  const { bytes } = output;
  bytes[at] = scratch[0] as number;
  bytes[at + 1] = scratch[1] as number;
  bytes[at + 2] = scratch[2] as number;
  bytes[at + 3] = scratch[3] as number;
  return at + 4;
}

function eight(at: number): number {
  const { bytes } = output;
  bytes[at] = scratch[0] as number;
  bytes[at + 1] = scratch[1] as number;
  bytes[at + 2] = scratch[2] as number;
  bytes[at + 3] = scratch[3] as number;
  bytes[at + 4] = scratch[4] as number;
  bytes[at + 5] = scratch[5] as number;
  bytes[at + 6] = scratch[6] as number;
  bytes[at + 7] = scratch[7] as number;
  return at + 8;
}

/** Writes unknown fields back unchanged. */
export function unknownFields(fields: unknown, at: number): number {
  if (!Array.isArray(fields)) giveUp();
  let p = at;
  for (const { no, wireType, data } of fields) {
    if (typeof no !== "number" || typeof wireType !== "number" || !(data instanceof Uint8Array)) giveUp();
    const need = 5 + data.length;
    const bytes = p + need > output.bytes.length ? grow(p, need) : output.bytes;
    p = varint(((no << 3) | wireType) >>> 0, p);
    bytes.set(data, p);
    p += data.length;
  }
  return p;
}
