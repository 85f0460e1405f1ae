// The algorithms of https://github.com/grpc/grpc/blob/master/doc/compression.md, and a message through them.
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { wrongType } from "../checks.ts";
import { Code } from "./code.ts";

/** How messages are compressed: `gzip` (RFC 1952), `deflate` (zlib's format, RFC 1950), or `identity`, not at all. */
export type Compression = "identity" | "gzip" | "deflate";

/** What both sides of this package take, as `grpc-accept-encoding` says it. */
export const acceptedEncodings = "identity,deflate,gzip";

/** Ends a call, as grpc-js takes it from its filters and decoders. */
export interface Refusal {
  readonly code: Code;
  readonly details: string;
}

const algorithms = {
  gzip: { deflate: promisify<Buffer, Buffer>(zlib.gzip), inflate: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip) },
  deflate: { deflate: promisify<Buffer, Buffer>(zlib.deflate), inflate: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate) },
} as const;

export function isCompression(name: unknown): name is Compression {
  return name === "identity" || name === "gzip" || name === "deflate";
}

/** @throws TypeError if it is no algorithm. */
export function checkCompression(name: string, value: unknown): Compression {
  if (!isCompression(value)) throw wrongType(name, "identity, gzip or deflate", value);
  return value;
}

/** Whether a peer whose `grpc-accept-encoding` this is takes an algorithm. */
export function accepts(encodings: string, algorithm: Compression): boolean {
  // C-core puts a space after each comma; Go does not.
  return algorithm === "identity" || encodings.split(",").some((name) => name.trim() === algorithm);
}

/** The message compressed; as it is, if that makes it no smaller. */
export async function compress(bytes: Buffer, algorithm: Compression): Promise<Buffer> {
  if (algorithm === "identity") return bytes;
  const compressed = await algorithms[algorithm].deflate(bytes);
  return compressed.length < bytes.length ? compressed : bytes;
}

/**
 * The message as it was. Rejects with a Refusal.
 *
 * @param limit the most bytes it may come to, checked while it grows; -1 for any.
 */
export async function decompress(bytes: Buffer, algorithm: "gzip" | "deflate", limit: number): Promise<Buffer> {
  try {
    return await algorithms[algorithm].inflate(bytes, limit === -1 ? {} : { maxOutputLength: Math.max(limit, 1) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw { code: Code.RESOURCE_EXHAUSTED, details: `Received message that decompresses to more than ${limit} bytes` } satisfies Refusal;
    }
    throw { code: Code.INTERNAL, details: `Received message that is no valid ${algorithm}` } satisfies Refusal;
  }
}
