// A message on the wire: a flag that says whether it is compressed, its length in four bytes, and its bytes.
import { Code } from "./code.ts";
import { decompress, isCompression, type Refusal } from "./compression.ts";

const prefix = 5;

/** Several messages that are written at once, one after the other. */
export class Frames {
  readonly messages: readonly Buffer[];
  /** Bytes of the messages together; grpc-js counts by it what it keeps. */
  readonly length: number;

  constructor(messages: readonly Buffer[], length: number) {
    this.messages = messages;
    this.length = length;
  }

  /** As they go over the wire, uncompressed. */
  join(): Buffer {
    const bytes = Buffer.allocUnsafe(this.length + prefix * this.messages.length);
    let at = 0;
    for (const message of this.messages) {
      bytes[at] = 0;
      bytes.writeUInt32BE(message.length, at + 1);
      at += prefix;
      at += message.copy(bytes, at);
    }
    return bytes;
  }
}

/** What came compressed: the bytes of messages, and the messages that were made of them. */
const cameCompressed = new WeakSet<object>();

/** Bytes that have been compressed, and are to be sent with the flag that says so. */
const compressedBytes = new WeakSet<Buffer>();

/**
 * Whether a message received came compressed: a request that a handler was given, or a response. For tests and statistics; what a message means does
 * not depend on it.
 */
export function wasCompressed(message: object): boolean {
  return cameCompressed.has(message);
}

/** Whether anything has been compressed at all in this process. Where nothing has, nothing is looked up. */
let inUse = false;

/** Hands on from bytes to their message whether they came compressed. */
export function markMessage(message: object, bytes: Buffer): void {
  if (inUse && cameCompressed.has(bytes)) cameCompressed.add(message);
}

/** Marks bytes that are compressed already. */
export function markCompressed(bytes: Buffer): void {
  inUse = true;
  compressedBytes.add(bytes);
}

export function writeFrame(bytes: Buffer, compressed = inUse && compressedBytes.has(bytes)): Buffer {
  const frame = Buffer.allocUnsafe(bytes.length + prefix);
  frame[0] = compressed ? 1 : 0;
  frame.writeUInt32BE(bytes.length, 1);
  bytes.copy(frame, prefix);
  return frame;
}

/**
 * Reads a whole frame. At once, unless the message is compressed. Rejects with a Refusal.
 *
 * @param encoding the peer's `grpc-encoding`.
 * @param unknownEncoding the status for an encoding that is not known here: UNIMPLEMENTED in a server, INTERNAL in a client.
 * @param limit the most bytes that the message may come to; -1 for any.
 */
export function readFrame(frame: Buffer, encoding: string, unknownEncoding: Code, limit: number): Buffer | Promise<Buffer> {
  const bytes = frame.subarray(prefix);
  // A caller that names an algorithm means to use it: better told at its first message than at the first that is compressed.
  if (frame[0] === 0 && (encoding === "identity" || isCompression(encoding))) return bytes;
  if (frame[0] !== 0 && frame[0] !== 1)
    return refuse(Code.INTERNAL, `Received message with the flag ${frame[0]}, which is neither 0 nor 1`);
  if (!isCompression(encoding)) return refuse(unknownEncoding, `Received message compressed with "${encoding}", which is not supported`);
  if (encoding === "identity") return refuse(Code.INTERNAL, "Received compressed message, but grpc-encoding names no compression");
  return decompress(bytes, encoding, limit).then((inflated) => {
    inUse = true;
    cameCompressed.add(inflated);
    return inflated;
  });
}

function refuse(code: Code, details: string): Promise<never> {
  return Promise.reject({ code, details } satisfies Refusal);
}
