// What is being written, and where to: a slab that messages are cut from one after another, as Node's own Buffer pool does it, and for a large
// message a buffer of its own. Bytes that have been handed out are never written to again: grpc-js holds them until the socket takes them.

/** Bytes of a slab. */
const slabSize = 64 * 1024;
/** With less than this left, a slab is given up. */
const leastLeft = 4 * 1024;
/** By more than this, a buffer grows only if it must. */
const mostGrowth = 64 * 1024 * 1024;

/** From this size on, a message has a buffer of its own. */
const largeSize = slabSize / 4;

let slab: Buffer = Buffer.alloc(0);
/** Where the next message in it begins. */
let slabAt = 0;
/** Where the message that is being written began: it keeps its position in a larger buffer. */
let begun = 0;

/** `lengthSize` is what the last call of `seal` found. */
export const output: { bytes: Buffer; lengthSize: number } = { bytes: slab, lengthSize: 1 };

/** Thrown for what the compiled writer does not know how to write; protobuf-es, asked next, writes it or says why not. */
export const odd = Symbol("odd");

export function giveUp(): never {
  throw odd;
}

let writing = false;

/**
 * Begins a message. Returns the position it begins at; undefined if one is being written, by whose getters this one was asked for.
 *
 * @param expected how many bytes it will have, as far as one knows.
 */
export function openOutput(expected: number): number | undefined {
  if (writing) return undefined;
  writing = true;
  if (expected >= largeSize) {
    output.bytes = Buffer.allocUnsafeSlow(expected + (expected >>> 3));
    begun = 0;
    return begun;
  }
  if (slab.length - slabAt < leastLeft) {
    slab = Buffer.allocUnsafeSlow(slabSize);
    slabAt = 0;
  }
  output.bytes = slab;
  begun = slabAt;
  return begun;
}

/** Ends a message. */
export function closeOutput(start: number, end: number): Buffer {
  writing = false;
  const { bytes } = output;
  if (bytes === slab) {
    slabAt = end;
    return bytes.subarray(start, end);
  }
  // A small one that outgrew the slab has shown that it is used up; a large one had just no room there.
  if (end - start < largeSize && begun > 0) slabAt = slab.length;
  output.bytes = slab;
  const unused = bytes.length - (end - start);
  return unused > (end - start) / 4 ? Buffer.from(bytes.subarray(start, end)) : bytes.subarray(start, end);
}

/** Ends a message that could not be written. */
export function abandonOutput(): void {
  writing = false;
  output.bytes = slab;
}

/** Makes room for `need` bytes at `at`: returns the larger buffer, with what is written so far at the same positions. */
export function grow(at: number, need: number): Buffer {
  const written = at - begun;
  // What is left empty before the message costs nothing: pages that are not touched are not there.
  const larger = Buffer.allocUnsafeSlow(begun + Math.max(written + need, Math.min(written * 2, written + mostGrowth)) + 1024);
  output.bytes.copy(larger, begun, begun, at);
  output.bytes = larger;
  return larger;
}

/** The bytes of a varint. */
export function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/**
 * Writes the length of what stands from `start + size` to `end` at `start`, where `size` bytes were kept for it, and moves it if the length
 * takes more or fewer. Returns the new end, for which there may be no room yet behind.
 */
export function seal(start: number, size: number, end: number): number {
  const length = end - start - size;
  const needed = varintSize(length);
  output.lengthSize = needed;
  let { bytes } = output;
  if (needed !== size) {
    if (end + needed - size > bytes.length) bytes = grow(end, needed - size);
    bytes.copyWithin(start + needed, start + size, end);
  }
  varint(length, start);
  return start + needed + length;
}

/** Writes a varint of 32 bits, for which there is room. */
export function varint(value: number, at: number): number {
  const { bytes } = output;
  let rest = value;
  let p = at;
  while (rest > 0x7f) {
    bytes[p++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[p++] = rest;
  return p;
}
