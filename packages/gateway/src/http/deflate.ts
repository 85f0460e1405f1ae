// Compresses responses with the content coding that a client prefers.
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { addHeader, type HttpExchange } from "../http-exchange.ts";
import { type ContentCoding, chooseCoding } from "./accept-encoding.ts";

/** Minimum size in bytes: smaller responses fit one packet anyway. */
const minBytes = 1024;
/** Types that are compressed already, or unknown. */
const incompressible = /^(?:image\/(?!svg)|audio\/|video\/|font\/|application\/(?:zip|gzip|x-|octet-stream|pdf))/i;

const compressGzip = promisify(gzip);
const compressBrotli = promisify(brotliCompress);

/** The codings that the gateway produces. Brotli's are about a sixth smaller in the same time. */
export const codings: readonly ContentCoding[] = ["br", "gzip"];

/** Compresses text or bytes in the thread pool. */
export function compress(content: string | Uint8Array, coding: ContentCoding): Promise<Buffer> {
  if (coding === "gzip") return compressGzip(content);
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  // The default quality, 11, takes a hundred times as long.
  return compressBrotli(content, { params: { [BROTLI_PARAM_QUALITY]: 4, [BROTLI_PARAM_SIZE_HINT]: content.length } });
}

/**
 * Whether compression may pay off.
 *
 * @param length in bytes, or characters of text.
 */
export function isCompressible(length: number, type: string): boolean {
  return length >= minBytes && !incompressible.test(type);
}

/**
 * Compresses a whole response if the client accepts a coding, and sets the headers. Streams are not
 * compressed, so that each message is sent at once.
 */
export async function compressed<Content extends string | Uint8Array>(
  { request, headers }: HttpExchange,
  content: Content,
): Promise<Content | Buffer> {
  // RFC 9111, section 5.2.2.6.
  if (/\bno-transform\b/i.test(String(headers["cache-control"] ?? ""))) return content;
  addHeader(headers, "vary", "accept-encoding");
  const coding = chooseCoding(request.headers["accept-encoding"], codings);
  if (coding === undefined) return content;
  const bytes = await compress(content, coding);
  headers["content-encoding"] = coding;
  // A strong validator stands for the same bytes (RFC 9110, section 8.8.1).
  const { etag } = headers;
  if (typeof etag === "string" && etag.startsWith('"')) headers["etag"] = `W/${etag}`;
  return bytes;
}
