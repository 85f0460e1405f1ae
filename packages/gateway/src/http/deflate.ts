// Responses that are compressed with gzip, for clients that take it.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { FastifyReply } from "fastify";

const compress = promisify(gzip);

/** Less gains nothing, or fits a packet anyway; bytes. */
const minBytes = 1024;
/** Types whose content is compressed already, or of which nobody knows. */
const incompressible = /^(?:image\/(?!svg)|audio\/|video\/|font\/|application\/(?:zip|gzip|x-|octet-stream|pdf))/i;

/** Whether a client takes gzip (RFC 9110, section 12.5.3). */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  let accepted = false;
  for (const part of acceptEncoding?.split(",") ?? []) {
    const [coding = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    if (coding === "gzip" || coding === "x-gzip") return !refused;
    if (coding === "*") accepted = !refused;
  }
  return accepted;
}

/** Whether compression may be worth it. @param length bytes, or of text characters. */
export function isCompressible(length: number, type: string): boolean {
  return length >= minBytes && !incompressible.test(type);
}

/**
 * The content of a whole response, compressed if its client takes that, with the headers that say so. Streams are not compressed: their messages go out as
 * they come.
 */
export async function compressed<Content extends string | Uint8Array>(reply: FastifyReply, content: Content): Promise<Content | Buffer> {
  const before = reply.getHeader("vary");
  reply.header("vary", before === undefined ? "accept-encoding" : `${before}, accept-encoding`);
  if (!takesGzip(reply.request.headers["accept-encoding"]?.toString())) return content;
  const bytes = await compress(content);
  reply.header("content-encoding", "gzip");
  return bytes;
}
