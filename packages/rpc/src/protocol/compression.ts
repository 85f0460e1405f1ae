// Message compression (https://github.com/grpc/grpc/blob/master/doc/compression.md).
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { wrongType } from "../checks.ts";
import { Code } from "./code.ts";

/**
 * How messages are compressed: `gzip` (RFC 1952), `deflate` (the zlib format, RFC 1950), or
 * `identity` (uncompressed).
 */
export type Compression = "identity" | "gzip" | "deflate";

/** The encodings that both sides of this package accept, as the value of `grpc-accept-encoding`. */
export const acceptedEncodings = "identity,deflate,gzip";

/** Why a message cannot be decompressed. The call ends with this status. */
export interface DecompressFailure {
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

/** @throws TypeError if the value is not a compression. */
export function checkCompression(name: string, value: unknown): Compression {
  if (!isCompression(value)) throw wrongType(name, "identity, gzip or deflate", value);
  return value;
}

/** Returns whether a peer with this `grpc-accept-encoding` accepts an algorithm. */
export function accepts(encodings: string, algorithm: Compression): boolean {
  // gRPC C-core puts a space after each comma; grpc-go does not.
  return algorithm === "identity" || encodings.split(",").some((name) => name.trim() === algorithm);
}

/** Compresses a message. Returns the given bytes if the result would not be smaller. */
export async function compress(bytes: Buffer, algorithm: Compression): Promise<Buffer> {
  if (algorithm === "identity") return bytes;
  const compressed = await algorithms[algorithm].deflate(bytes);
  return compressed.length < bytes.length ? compressed : bytes;
}

/**
 * Decompresses a message. Rejects with a DecompressFailure.
 *
 * @param limit the maximum size of the result in bytes, checked while it grows; -1 for no limit.
 */
export async function decompress(bytes: Buffer, algorithm: "gzip" | "deflate", limit: number): Promise<Buffer> {
  try {
    return await algorithms[algorithm].inflate(bytes, limit === -1 ? {} : { maxOutputLength: Math.max(limit, 1) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw {
        code: Code.RESOURCE_EXHAUSTED,
        details: `Received message that decompresses to more than ${limit} bytes`,
      } satisfies DecompressFailure;
    }
    throw { code: Code.INTERNAL, details: `Received message that is not valid ${algorithm}` } satisfies DecompressFailure;
  }
}
