// Envelopes: one byte of flags, the length in four bytes, and a message. Connect streams and gRPC-Web
// share this framing.
import { Code } from "@grpc-study/rpc";
import { HttpError } from "../http/errors.ts";

/** The size of the flags and the length, in bytes. */
export const prefixBytes = 5;
/** The flag of a compressed message. */
export const compressedFlag = 0x01;

/** The first size of the buffer for a message that arrives in pieces, in bytes. */
const firstBytes = 4 * 1024;
const nothing = Buffer.alloc(0);

/** The error for a message beyond the limit. The rest of the body is not worth reading. */
export function messageTooLarge(limit: number): HttpError {
  return new HttpError(413, Code.RESOURCE_EXHAUSTED, `a message is larger than the limit of ${limit} bytes`, { connection: "close" });
}

/**
 * Splits a body into messages. A message that arrives in pieces is copied into a buffer that grows
 * with the bytes that have arrived, not with the announced length.
 */
export class EnvelopeReader {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  /** The position in the first chunk. */
  #at = 0;
  #begun: Buffer = nothing;
  #filled = 0;
  /** The flags of the last message. */
  flags = 0;
  /** The number of bytes that `next` has not consumed. */
  unread = 0;

  /** @param limit the maximum size of a message, in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether an envelope has begun and is incomplete, once `next` has returned `undefined`. */
  get inside(): boolean {
    return this.#filled > 0;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.unread += chunk.length;
  }

  /**
   * Returns the next complete message. Returns `undefined` if more bytes are needed.
   *
   * @throws RpcError RESOURCE_EXHAUSTED if a prefix announces more bytes than the limit.
   */
  next(): Buffer | undefined {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const at = this.#at;
      if (this.#filled === 0 && chunk.length - at >= prefixBytes) {
        const end = at + this.#total(chunk, at);
        if (end <= chunk.length) {
          this.flags = chunk[at] ?? 0;
          this.#consume(chunk, end - at);
          return cut(chunk, at + prefixBytes, end);
        }
      }
      const message = this.#gather(chunk);
      if (message !== undefined) return message;
    }
    return undefined;
  }

  /** Releases all bytes. */
  clear(): void {
    this.#chunks.length = 0;
    this.#at = 0;
    this.#begun = nothing;
    this.#filled = 0;
    this.unread = 0;
  }

  /** Copies bytes of the first chunk to the message that has begun. Returns the message once it is complete. */
  #gather(chunk: Buffer): Buffer | undefined {
    const wanted = this.#filled < prefixBytes ? prefixBytes : this.#total(this.#begun, 0);
    const count = Math.min(wanted - this.#filled, chunk.length - this.#at);
    if (this.#begun.length < this.#filled + count) this.#grow(this.#filled + count, wanted);
    chunk.copy(this.#begun, this.#filled, this.#at, this.#at + count);
    this.#filled += count;
    this.#consume(chunk, count);
    if (this.#filled < prefixBytes || this.#filled < this.#total(this.#begun, 0)) return undefined;
    const message = this.#begun.subarray(prefixBytes, this.#filled);
    this.flags = this.#begun[0] ?? 0;
    this.#begun = nothing;
    this.#filled = 0;
    return message;
  }

  #grow(needed: number, wanted: number): void {
    const larger = Buffer.allocUnsafeSlow(
      Math.max(needed, Math.min(Math.max(wanted, firstBytes), Math.max(firstBytes, this.#begun.length * 4))),
    );
    this.#begun.copy(larger, 0, 0, this.#filled);
    this.#begun = larger;
  }

  #consume(chunk: Buffer, count: number): void {
    this.unread -= count;
    this.#at += count;
    if (this.#at < chunk.length) return;
    this.#chunks.shift();
    this.#at = 0;
  }

  /** The size of an envelope with its prefix. */
  #total(data: Buffer, at: number): number {
    const length = data.readUInt32BE(at + 1);
    if (length > this.#limit) throw messageTooLarge(this.#limit);
    return prefixBytes + length;
  }
}

/** A part of a chunk. Copied if it would keep a much larger buffer alive. */
function cut(chunk: Buffer, start: number, end: number): Buffer {
  const part = chunk.subarray(start, end);
  return chunk.buffer.byteLength <= 2 * part.length ? part : Buffer.from(part);
}

/** Writes an envelope. */
export function envelope(flags: number, message: string | Uint8Array): Buffer {
  const length = typeof message === "string" ? Buffer.byteLength(message) : message.length;
  const bytes = Buffer.allocUnsafe(prefixBytes + length);
  bytes[0] = flags;
  bytes.writeUInt32BE(length, 1);
  if (typeof message === "string") bytes.write(message, prefixBytes);
  else bytes.set(message, prefixBytes);
  return bytes;
}
