// Sends a file of the console: compressed as the client prefers, and cached.
import { chooseCoding } from "../http/accept-encoding.ts";
import { addHeader, type HttpExchange } from "../http-exchange.ts";

export interface Content {
  readonly type: string;
  /** Identifies the content, without quotes. */
  readonly etag: string;
  readonly identity: Uint8Array;
  readonly br?: Uint8Array | undefined;
  readonly gzip?: Uint8Array | undefined;
  /** Whether the name contains a hash of the content. */
  readonly immutable?: boolean | undefined;
}

/**
 * No inline script or style, and no other origins. `data:` and `blob:` images are those that the page
 * itself makes of bytes in a message.
 */
export const contentSecurityPolicy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

export function sendContent(exchange: HttpExchange, { type, etag, identity, br, gzip, immutable }: Content): void {
  const { request, headers } = exchange;
  const codings = { br, gzip };
  const available = (["br", "gzip"] as const).filter((coding) => codings[coding] !== undefined);
  const coding = chooseCoding(request.headers["accept-encoding"], available);
  const tag = coding === undefined ? `"${etag}"` : `"${etag}-${coding}"`;
  headers["content-security-policy"] = contentSecurityPolicy;
  headers["x-content-type-options"] = "nosniff";
  headers["cross-origin-opener-policy"] = "same-origin";
  headers["etag"] = tag;
  headers["cache-control"] = immutable ? "private, max-age=31536000, immutable" : "no-cache";
  addHeader(headers, "vary", "accept-encoding");
  if (request.headers["if-none-match"] === tag) {
    exchange.send(304);
    return;
  }
  headers["content-type"] = type;
  if (coding !== undefined) headers["content-encoding"] = coding;
  exchange.send(200, (coding && codings[coding]) ?? identity);
}
