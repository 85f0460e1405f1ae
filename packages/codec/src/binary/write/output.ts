// The output. Small messages are cut one after another from a slab, like Node's Buffer pool. Large
// ones get a buffer of their own. Returned bytes are never written to again, because grpc-js holds
// them until the socket takes them.

/** The size of a slab in bytes. */
const slabSize = 64 * 1024;
/** A slab with fewer bytes left is replaced. */
const minRemaining = 4 * 1024;
/** The largest growth in bytes, unless a single value needs more. */
const maxGrowth = 64 * 1024 * 1024;

/** Messages of at least this many bytes get a buffer of their own. */
const largeSize = slabSize / 4;

let slab: Buffer = Buffer.alloc(0);
/** The start of the next message in the slab. */
let slabAt = 0;
/** The start of the current message. It keeps this position in a larger buffer. */
let messageStart = 0;

/** `seal` sets `lengthSize`. */
export const output: { bytes: Buffer; lengthSize: number } = { bytes: slab, lengthSize: 1 };

/**
 * Thrown for values that the compiled writer cannot write. The caller then asks protobuf-es, which
 * writes the message or throws the error.
 */
export const unsupported = Symbol("unsupported");

export function giveUp(): never {
  throw unsupported;
}

let writing = false;

/**
 * Begins a message and returns its start. Returns `undefined` if a message is already being
 * written, one of whose getters encodes another message.
 *
 * @param expected the estimated size in bytes.
 */
export function openOutput(expected: number): number | undefined {
  if (writing) return undefined;
  writing = true;
  if (expected >= largeSize) {
    output.bytes = Buffer.allocUnsafeSlow(expected + (expected >>> 3));
    messageStart = 0;
    return messageStart;
  }
  if (slab.length - slabAt < minRemaining) {
    slab = Buffer.allocUnsafeSlow(slabSize);
    slabAt = 0;
  }
  output.bytes = slab;
  messageStart = slabAt;
  return messageStart;
}

/** Ends a message. */
export function closeOutput(start: number, end: number): Buffer {
  writing = false;
  const { bytes } = output;
  if (bytes === slab) {
    slabAt = end;
    return bytes.subarray(start, end);
  }
  // If a small message outgrew the slab, the slab is used up. A large one only needed more room.
  if (end - start < largeSize && messageStart > 0) slabAt = slab.length;
  output.bytes = slab;
  const unused = bytes.length - (end - start);
  return unused > (end - start) / 4 ? Buffer.from(bytes.subarray(start, end)) : bytes.subarray(start, end);
}

/** Abandons a message that could not be written. */
export function abandonOutput(): void {
  writing = false;
  output.bytes = slab;
}

/**
 * Makes room for `need` bytes at `at`. Returns a larger buffer with the written bytes at the same
 * positions.
 */
export function grow(at: number, need: number): Buffer {
  const written = at - messageStart;
  // The unused bytes before the message cost nothing: untouched pages take no memory.
  const larger = Buffer.allocUnsafeSlow(messageStart + Math.max(written + need, Math.min(written * 2, written + maxGrowth)) + 1024);
  output.bytes.copy(larger, messageStart, messageStart, at);
  output.bytes = larger;
  return larger;
}

/** Returns the size of a 32-bit varint in bytes. */
export function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/**
 * Writes the length of the value from `start + size` to `end` at `start`, where `size` bytes are
 * reserved for it. Moves the value if the length takes more or fewer bytes. Returns the new end;
 * the caller must reserve room behind it.
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

/** Writes a 32-bit varint. The caller reserves room. */
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
