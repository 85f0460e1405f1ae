// The input, and the functions that compiled readers call. Each takes a position and stores the
// next one in `input.at`. They accept exactly what protobuf-es accepts, and throw `malformed` where
// it throws.
import { depthLimit } from "../../shape/depth.ts";
import { Wire } from "../wire.ts";
import { float32, float64, int64 as signed, uint64 as unsigned, words } from "../words.ts";

const nothing: Buffer = Buffer.alloc(0);

/** The largest ArrayBuffer in bytes that stays referenced after its message has been read. */
const mostHeld = 64 * 1024;

/** The message being read. One is enough, because reading runs no user code. */
export const input = { bytes: nothing, length: 0, at: 0, copies: false };

/**
 * Thrown for malformed bytes. The caller then asks protobuf-es, which throws the real error. It is
 * not an Error, to save the stack trace.
 */
export const malformed = Symbol("malformed");

export function reject(): never {
  throw malformed;
}

/** @param copies whether the message must not share memory with `bytes`. */
export function openInput(bytes: Buffer, copies = false): void {
  input.bytes = bytes;
  input.length = bytes.length;
  input.copies = copies;
}

/** Releases the bytes. */
export function closeInput(): void {
  input.bytes = nothing;
  input.length = 0;
  if (numbers.byteLength > mostHeld) numbers = new DataView(nothing.buffer);
}

/** Reads a varint of up to ten bytes and returns its low 32 bits. */
export function uint32(at: number): number {
  const { bytes, length } = input;
  if (at + 10 > length) return lastUint32(at);
  let p = at;
  let byte = bytes[p++] as number;
  let value = byte & 0x7f;
  if (byte > 0x7f) {
    byte = bytes[p++] as number;
    value |= (byte & 0x7f) << 7;
    if (byte > 0x7f) {
      byte = bytes[p++] as number;
      value |= (byte & 0x7f) << 14;
      if (byte > 0x7f) {
        byte = bytes[p++] as number;
        value |= (byte & 0x7f) << 21;
        if (byte > 0x7f) {
          byte = bytes[p++] as number;
          value |= byte << 28;
          for (const end = at + 10; byte > 0x7f; byte = bytes[p++] as number) if (p >= end) reject();
        }
      }
    }
  }
  input.at = p;
  return value >>> 0;
}

/** Like `uint32`, for varints that may be cut off at the end of the input. */
function lastUint32(at: number): number {
  const { bytes, length } = input;
  let value = 0;
  for (let i = 0; i < 10; i++) {
    if (at + i >= length) reject();
    const byte = bytes[at + i] as number;
    if (i < 5) value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      input.at = at + i + 1;
      return value >>> 0;
    }
  }
  reject();
}

/**
 * Reads packed 32-bit varints as int32, or as sint32 if `zigzag`. The last one may extend beyond
 * `end`. Returns the position after it.
 */
export function int32s(list: number[], at: number, end: number, zigzag: boolean): number {
  const { bytes, length } = input;
  const safe = length - 5;
  let count = list.length;
  let p = at;
  while (p < end) {
    let value = bytes[p++] as number;
    if (value > 0x7f) {
      // Handles up to four bytes here. `uint32` rereads longer varints and those near the end.
      const start = p - 1;
      let byte = 0x80;
      if (p < safe) {
        byte = bytes[p++] as number;
        value = (value & 0x7f) | ((byte & 0x7f) << 7);
        if (byte > 0x7f) {
          byte = bytes[p++] as number;
          value |= (byte & 0x7f) << 14;
          if (byte > 0x7f) {
            byte = bytes[p++] as number;
            value |= byte << 21;
          }
        }
      }
      if (byte > 0x7f) {
        value = uint32(start) | 0;
        p = input.at;
      }
    }
    list[count++] = zigzag ? (value >>> 1) ^ -(value & 1) : value;
  }
  return p;
}

/** Reads a tag of more than one byte and at most 32 bits. */
export function tag(at: number): number {
  const value = uint32(at);
  const count = input.at - at;
  if (count > 5 || (count === 5 && (input.bytes[at + 4] as number) > 0x0f)) reject();
  return value;
}

/** Reads a 64-bit varint into the two shared words. */
function varint64(at: number): void {
  const { bytes, length } = input;
  let p = at;
  let low = 0;
  let high = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    if (p >= length) reject();
    const byte = bytes[p++] as number;
    low |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      input.at = p;
      words[0] = low;
      words[1] = 0;
      return;
    }
  }
  if (p >= length) reject();
  const middle = bytes[p++] as number;
  low |= middle << 28;
  high = (middle & 0x7f) >> 4;
  if (middle > 0x7f) {
    for (let shift = 3; ; shift += 7) {
      if (p >= length || shift > 31) reject();
      const byte = bytes[p++] as number;
      high |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
  }
  input.at = p;
  words[0] = low;
  words[1] = high;
}

function fixedWords(at: number): void {
  const { bytes, length } = input;
  if (at + 8 > length) reject();
  words[0] =
    (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
  words[1] =
    (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8) | ((bytes[at + 6] as number) << 16) | ((bytes[at + 7] as number) << 24);
  input.at = at + 8;
}

export function int64(at: number): bigint {
  varint64(at);
  return signed[0] as bigint;
}

export function uint64(at: number): bigint {
  varint64(at);
  return unsigned[0] as bigint;
}

export function sint64(at: number): bigint {
  varint64(at);
  const low = words[0] as number;
  const high = words[1] as number;
  const sign = -(low & 1);
  words[0] = ((low >>> 1) | (high << 31)) ^ sign;
  words[1] = (high >>> 1) ^ sign;
  return signed[0] as bigint;
}

export function fixed64(at: number): bigint {
  fixedWords(at);
  return unsigned[0] as bigint;
}

export function sfixed64(at: number): bigint {
  fixedWords(at);
  return signed[0] as bigint;
}

/**
 * Returns the value in the shared words as decimal digits. Most 64-bit integers are exact as
 * doubles, which print faster.
 */
function digits(value: bigint): string {
  const high = words[1] as number;
  return high >= -0x20_0000 && high < 0x20_0000 ? String(high * 0x1_0000_0000 + ((words[0] as number) >>> 0)) : String(value);
}

export const int64Text = (at: number): string => digits(int64(at));
export const sint64Text = (at: number): string => digits(sint64(at));
export const sfixed64Text = (at: number): string => digits(sfixed64(at));
export const uint64Text = (at: number): string => unsignedDigits(uint64(at));
export const fixed64Text = (at: number): string => unsignedDigits(fixed64(at));

function unsignedDigits(value: bigint): string {
  return (words[1] as number) >>> 0 < 0x20_0000 ? digits(value) : String(value);
}

export function bool(at: number): boolean {
  varint64(at);
  return words[0] !== 0 || words[1] !== 0;
}

/** The caller checks that four bytes are available. */
export function float(at: number): number {
  const { bytes } = input;
  words[0] =
    (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
  return float32[0] as number;
}

/** The caller checks that eight bytes are available. */
export function double(at: number): number {
  fixedWords(at);
  return float64[0] as number;
}

let numbers = new DataView(nothing.buffer);

/**
 * Returns a DataView of the input's ArrayBuffer, to read many fixed-width numbers. It is cached,
 * because consecutive messages of a stream often share one ArrayBuffer.
 */
export function numbersView(): DataView {
  const { buffer } = input.bytes;
  if (numbers.buffer !== buffer) numbers = new DataView(buffer);
  return numbers;
}

/**
 * Returns a view of the input, or a copy of it, as a Uint8Array, as protobuf-es does, rather than a
 * Buffer.
 */
export function view(start: number, end: number): Uint8Array {
  const { bytes, copies } = input;
  const part = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
  return copies ? part.slice() : part;
}

/**
 * Skips the value of an unknown field and returns the position after it. `depth` is that of the
 * enclosing message.
 */
export function skip(tagged: number, at: number, depth: number): number {
  switch (tagged & 7) {
    case Wire.varint: {
      const { bytes, length } = input;
      let end = at;
      // Like protobuf-es, accept any number of bytes.
      while (end < length && (bytes[end] as number) > 0x7f) end++;
      if (end >= length) reject();
      return end + 1;
    }
    case Wire.bit64:
      return within(at + 8);
    case Wire.bytes: {
      const size = uint32(at);
      return within(input.at + size);
    }
    case Wire.bit32:
      return within(at + 4);
    case Wire.groupStart: {
      if (depth >= depthLimit) reject();
      let end = at;
      for (;;) {
        const inner = tag(end);
        end = input.at;
        if (inner < 8 || (inner & 7) > Wire.bit32) reject();
        if ((inner & 7) === Wire.groupEnd) {
          if (inner >>> 3 !== tagged >>> 3) reject();
          return end;
        }
        end = skip(inner, end, depth + 1);
      }
    }
    default:
      reject();
  }
}

function within(end: number): number {
  if (end > input.length) reject();
  return end;
}
