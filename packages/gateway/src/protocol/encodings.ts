// Compression of messages: negotiates the encoding, and decompresses with a limit.
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { Code, RpcError } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";
import type { ContentCoding } from "../http/accept-encoding.ts";
import { minCompressedBytes } from "../http/compress.ts";
import { messageTooLarge } from "./envelope.ts";

/** An encoding that the gateway supports. */
export type Encoding = ContentCoding;

/** The supported encodings, as the value of an `Accept-Encoding` header. */
export const supportedEncodings = "gzip, br";

const inflaters = {
  gzip: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip),
  br: promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress),
};

/**
 * The encoding that a header or parameter names. `undefined` for identity.
 *
 * @param name the name of the header or parameter.
 * @throws RpcError UNIMPLEMENTED for an unsupported encoding. It lists the supported ones.
 */
export function encodingNamed(name: string, value: string | undefined): Encoding | undefined {
  const encoding = value?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return undefined;
  if (encoding === "gzip" || encoding === "br") return encoding;
  throw new RpcError(Code.UNIMPLEMENTED, `${name} must be gzip, br or identity, got ${quote(encoding)}`);
}

/**
 * The encoding that a client prefers for responses. `undefined` for identity. The list is in order of
 * preference; quality values override the order (RFC 9110, section 12.5.3).
 *
 * @param accept the client's list.
 * @param used the encoding of the request, which applies if there is no list.
 */
export function preferredEncoding(accept: string | undefined, used: Encoding | undefined): Encoding | undefined {
  if (accept === undefined) return used;
  let best: Encoding | undefined;
  let quality = 0;
  for (const part of accept.split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    if (name !== "gzip" && name !== "br") continue;
    const given = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
    if (given > quality) {
      best = name;
      quality = given;
    }
  }
  return best;
}

/** Whether a message is worth compressing. */
export function isWorthCompressing(message: string | Uint8Array): boolean {
  return message.length >= minCompressedBytes;
}

/**
 * Decompresses a message in another thread. An empty message stays empty.
 *
 * @param limit the maximum size of the result, in bytes.
 * @throws RpcError RESOURCE_EXHAUSTED beyond the limit, INVALID_ARGUMENT for malformed data.
 */
export async function decompress(message: Buffer, encoding: Encoding, limit: number): Promise<Buffer> {
  if (message.length === 0) return message;
  try {
    // zlib's limit is at least 1.
    return await inflaters[encoding](message, { maxOutputLength: Math.max(limit, 1) });
  } catch (error) {
    const { code, message: problem } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw messageTooLarge(limit);
    throw new RpcError(Code.INVALID_ARGUMENT, `the message is not ${encoding}: ${problem}`);
  }
}
