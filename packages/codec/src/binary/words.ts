// Eight bytes of shared memory, seen as every kind of number: how a double or a 64-bit integer comes apart into bytes without an allocation.
import { endianness } from "node:os";

export const bytes = new Uint8Array(8);
/** The low word first. */
export const words = new Int32Array(bytes.buffer);
export const float32 = new Float32Array(bytes.buffer);
export const float64 = new Float64Array(bytes.buffer);
export const int64 = new BigInt64Array(bytes.buffer);
export const uint64 = new BigUint64Array(bytes.buffer);

/** The wire is little-endian, and so must these views be. */
export const littleEndian = endianness() === "LE";
