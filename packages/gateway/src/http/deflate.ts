// Compresses responses with gzip for clients that accept it.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { addHeader, type HttpExchange } from "../http-exchange.ts";

const compress = promisify(gzip);

/** Minimum size in bytes: smaller responses fit one packet anyway. */
const minBytes = 1024;
/** Types that are compressed already, or unknown. */
const incompressible = /^(?:image\/(?!svg)|audio\/|video\/|font\/|application\/(?:zip|gzip|x-|octet-stream|pdf))/i;

/** Whether a client accepts gzip (RFC 9110, section 12.5.3). */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  let accepted = false;
  for (const part of acceptEncoding?.split(",") ?? []) {
    const [coding = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const excluded = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    if (coding === "gzip" || coding === "x-gzip") return !excluded;
    if (coding === "*") accepted = !excluded;
  }
  return accepted;
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
 * Compresses a whole response if the client accepts gzip, and sets the headers. Streams are not
 * compressed, so that each message is sent at once.
 */
export async function compressed<Content extends string | Uint8Array>(
  { request, headers }: HttpExchange,
  content: Content,
): Promise<Content | Buffer> {
  addHeader(headers, "vary", "accept-encoding");
  if (!acceptsGzip(request.headers["accept-encoding"])) return content;
  const bytes = await compress(content);
  headers["content-encoding"] = "gzip";
  return bytes;
}
