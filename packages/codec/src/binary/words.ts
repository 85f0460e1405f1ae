// Eight shared bytes with views for every number type, to split a double or a 64-bit integer into
// bytes without an allocation.
import { endianness } from "node:os";

export const bytes = new Uint8Array(8);
/** The low word first. */
export const words = new Int32Array(bytes.buffer);
export const float32 = new Float32Array(bytes.buffer);
export const float64 = new Float64Array(bytes.buffer);
export const int64 = new BigInt64Array(bytes.buffer);
export const uint64 = new BigUint64Array(bytes.buffer);

/** `true` if the machine is little-endian, as the wire format is. */
export const littleEndian = endianness() === "LE";
