// Splits the chunks of the byte stream into frames in place (RFC 9113, section 4.1).
import type { Http2Connection } from "../connection.ts";
import { beginData, continueData, receiveData } from "../receive/data.ts";
import { receiveFrame } from "../receive/frame.ts";
import { clientPreface, Flag, FrameType, frameHeaderSize } from "./types.ts";

/**
 * The largest split DATA frame that is joined, so that a small message stays in one piece. Larger
 * frames are delivered in parts.
 */
const joinedDataSize = 1024;

export class FrameReader {
  readonly #connection: Http2Connection;
  readonly #maxFrameSize: number;
  /** The octets of the client's preface that are still missing. Servers only. */
  #prefaceLeft: number;
  /** An incomplete frame: its header, and the part of its payload that has arrived. */
  #partial: Buffer | null = null;
  #partialLength = 0;
  /** The missing octets of data and padding of a DATA frame that is delivered in parts. */
  #dataLeft = 0;
  #paddingLeft = 0;

  constructor(connection: Http2Connection, maxFrameSize: number, expectPreface: boolean) {
    this.#connection = connection;
    this.#maxFrameSize = maxFrameSize;
    this.#prefaceLeft = expectPreface ? clientPreface.length : 0;
  }

  read(chunk: Buffer): void {
    const connection = this.#connection;
    const end = chunk.length;
    let pos = 0;
    if (this.#prefaceLeft > 0) {
      pos = this.#preface(chunk);
      if (pos < 0) return;
    }
    if (this.#dataLeft + this.#paddingLeft > 0) pos = this.#dataPart(chunk, pos);
    if (this.#partial !== null) {
      pos = this.#joinPartial(chunk, pos);
      if (pos < 0) return;
      connection.frameCompleted();
    }
    while (end - pos >= frameHeaderSize && connection.reading) {
      const length = ((chunk[pos] as number) << 16) | ((chunk[pos + 1] as number) << 8) | (chunk[pos + 2] as number);
      const type = chunk[pos + 3] as number;
      const flags = chunk[pos + 4] as number;
      const id =
        (((chunk[pos + 5] as number) & 0x7f) << 24) |
        ((chunk[pos + 6] as number) << 16) |
        ((chunk[pos + 7] as number) << 8) |
        (chunk[pos + 8] as number);
      const start = pos + frameHeaderSize;
      if (length > this.#maxFrameSize) {
        connection.frameTooLarge(length, this.#maxFrameSize);
        return;
      }
      if (end - start < length) {
        if (type === FrameType.DATA && length > joinedDataSize && end > start) {
          this.#beginData(chunk, start, length, flags, id);
          return;
        }
        break;
      }
      pos = start + length;
      if (type === FrameType.DATA) receiveData(connection, chunk, start, pos, flags, id);
      else receiveFrame(connection, chunk, start, pos, type, flags, id);
    }
    if (pos < end && connection.reading) this.#keepPartial(chunk, pos, end);
    else connection.frameCompleted();
  }

  /** Returns the position after the preface, or -1 if it is incomplete or invalid (section 3.4). */
  #preface(chunk: Buffer): number {
    const from = clientPreface.length - this.#prefaceLeft;
    const length = Math.min(chunk.length, this.#prefaceLeft);
    if (clientPreface.compare(chunk, 0, length, from, from + length) !== 0) {
      this.#connection.invalidPreface();
      return -1;
    }
    this.#prefaceLeft -= length;
    return this.#prefaceLeft > 0 ? -1 : length;
  }

  /** Delivers the first part of a DATA frame, at least one octet. Returns the position after it. */
  #beginData(chunk: Buffer, start: number, length: number, flags: number, id: number): number {
    const padded = (flags & Flag.PADDED) !== 0;
    const padding = padded ? (chunk[start] as number) : 0;
    if (!beginData(this.#connection, length, padding, flags, id)) return chunk.length;
    this.#paddingLeft = padding;
    this.#dataLeft = length - padding - (padded ? 1 : 0);
    return this.#dataPart(chunk, padded ? start + 1 : start);
  }

  #dataPart(chunk: Buffer, pos: number): number {
    let at = pos;
    if (this.#dataLeft > 0) {
      at = Math.min(chunk.length, pos + this.#dataLeft);
      this.#dataLeft -= at - pos;
      continueData(this.#connection, chunk, pos, at, this.#dataLeft === 0);
      if (this.#dataLeft > 0) return at;
    }
    const padding = Math.min(this.#paddingLeft, chunk.length - at);
    this.#paddingLeft -= padding;
    return at + padding;
  }

  #keepPartial(chunk: Buffer, pos: number, end: number): void {
    const have = end - pos;
    // Give the frame its own buffer, so that views of a DATA frame stay valid.
    const size = have <= frameHeaderSize ? frameHeaderSize : frameHeaderSize + chunk.readUIntBE(pos, 3);
    this.#partial = Buffer.allocUnsafe(size);
    this.#partialLength = chunk.copy(this.#partial, 0, pos, end);
    this.#connection.frameBegun();
  }

  /**
   * Completes an incomplete frame. Returns the position after it, or -1 if it is still incomplete.
   */
  #joinPartial(chunk: Buffer, at: number): number {
    let pos = at + this.#fillPartial(chunk, at);
    let partial = this.#partial as Buffer;
    if (this.#partialLength < partial.length) return -1;
    const type = partial[3] as number;
    const flags = partial[4] as number;
    const id = partial.readUInt32BE(5) & 0x7fff_ffff;
    if (partial.length === frameHeaderSize) {
      // Only the header was kept. The payload begins in this chunk.
      const length = partial.readUIntBE(0, 3);
      if (length > this.#maxFrameSize) {
        this.#connection.frameTooLarge(length, this.#maxFrameSize);
        return -1;
      }
      if (length > 0 && pos === chunk.length) return -1;
      if (type === FrameType.DATA && length > joinedDataSize) {
        this.#partial = null;
        this.#partialLength = 0;
        return this.#beginData(chunk, pos, length, flags, id);
      }
      if (length > 0) {
        const header = partial;
        partial = this.#partial = Buffer.allocUnsafe(frameHeaderSize + length);
        header.copy(partial);
        pos += this.#fillPartial(chunk, pos);
        if (this.#partialLength < partial.length) return -1;
      }
    }
    this.#partial = null;
    this.#partialLength = 0;
    if (type === FrameType.DATA) receiveData(this.#connection, partial, frameHeaderSize, partial.length, flags, id);
    else receiveFrame(this.#connection, partial, frameHeaderSize, partial.length, type, flags, id);
    return pos;
  }

  #fillPartial(chunk: Buffer, pos: number): number {
    const partial = this.#partial as Buffer;
    const copied = chunk.copy(partial, this.#partialLength, pos, pos + partial.length - this.#partialLength);
    this.#partialLength += copied;
    return copied;
  }
}
