// The keys that are HTTP/2's own. Node throws at them when the header is written, too late for the call, and for the connection of a client.
import type { Metadata } from "@grpc/grpc-js";

/** Of HTTP/1.1's connections (https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2), or of the message that HTTP carries. */
const reserved = new Set([
  "connection",
  "content-length",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** Headers that HTTP allows once; Node's own list (`kSingleValueFields`, lib/internal/http2/util.js) as far as a key of metadata may be one. */
const single = new Set([
  "access-control-allow-credentials",
  "access-control-max-age",
  "access-control-request-method",
  "age",
  "authorization",
  "content-encoding",
  "content-language",
  "content-location",
  "content-md5",
  "content-range",
  "content-type",
  "date",
  "dnt",
  "etag",
  "expires",
  "from",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "location",
  "max-forwards",
  "proxy-authorization",
  "range",
  "referer",
  "retry-after",
  "tk",
  "upgrade-insecure-requests",
  "user-agent",
  "x-content-type-options",
]);

/** Why HTTP/2 cannot carry this metadata; undefined if it can. */
export function metadataFault(metadata: Metadata): string | undefined {
  for (const key of Object.keys(metadata.getMap())) {
    if (key.startsWith(":") || reserved.has(key)) return `the metadata key "${key}" is HTTP's own`;
    const { length } = metadata.get(key);
    if (length > 1 && single.has(key)) return `the metadata key "${key}" has ${length} values, and HTTP allows one`;
  }
  return undefined;
}
