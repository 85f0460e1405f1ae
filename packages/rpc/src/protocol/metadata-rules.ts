// The keys that are HTTP/2's or gRPC's own. Node throws at them when the header is written, too late for the call, and for the connection of a client.
import type { Metadata } from "./metadata.ts";

/** Of HTTP/1.1's connections (https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2), or of the message that HTTP carries. */
const reserved = new Set([
  "connection",
  "content-length",
  "content-type",
  // RFC 9113, section 8.3.1: `:authority` takes its place.
  "host",
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

/** The one field of the protocol that is metadata, too: errors read their details from it. */
export const detailsKey = "grpc-status-details-bin";

/** When a client may send a call again (gRFC A6). */
export const pushbackKey = "grpc-retry-pushback-ms";

/** Whether a field of metadata is sent with a status. The other fields of HTTP and of the protocol are the transport's own, whoever set them. */
export function isSentWithStatus(key: string): boolean {
  return !isReserved(key) || key === detailsKey || key === pushbackKey;
}

/** Whether a key is HTTP's or the protocol's, and so never metadata. */
export function isReserved(key: string): boolean {
  return key.startsWith(":") || key.startsWith("grpc-") || reserved.has(key);
}

/** Why this metadata cannot be a response's; undefined if it can. */
export function metadataFault(metadata: Metadata): string | undefined {
  return keyFault(metadata) ?? sizeFault(metadataBytes(metadata));
}

/** The same, whatever its size. */
export function keyFault(metadata: Metadata): string | undefined {
  return faultOf(metadata, isReserved);
}

/**
 * Why this metadata cannot be a request's; undefined if it can. Of `grpc-*`, only the timeout is refused: the others are left out where the request is written, but
 * for what tracing hands on (`grpc-trace-bin`).
 */
export function requestFault(metadata: Metadata): string | undefined {
  const fault = faultOf(metadata, (key) => key === "grpc-timeout" || (isReserved(key) && !key.startsWith("grpc-")));
  return fault ?? sizeFault(metadataBytes(metadata));
}

function faultOf(metadata: Metadata, isReserved: (key: string) => boolean): string | undefined {
  for (const key of metadata.keys()) {
    if (isReserved(key)) return reservedFault(key);
    if (!single.has(key)) continue;
    const { length } = metadata.getAll(key);
    if (length > 1) return `the metadata key "${key}" has ${length} values, and HTTP allows one`;
  }
  return undefined;
}

/**
 * The most bytes of metadata that are sent, as a header list. Node, nghttp2 and curl close a connection, with all its calls, when a header has more than
 * 64 KiB. Other peers take less: 8 KiB (grpc-java), 16 KiB (C-core), 32 KiB (this package's server).
 */
const maxBytes = 60 * 1024;

/** Why metadata of this size cannot be sent; undefined if it can. */
export function sizeFault(bytes: number): string | undefined {
  return bytes > maxBytes ? `the metadata has ${bytes} bytes, and a header takes ${maxBytes}` : undefined;
}

/** How large metadata is as a header list (RFC 9113, section 6.5.2): names, values and 32 bytes a field. */
export function metadataBytes(metadata: Metadata): number {
  let bytes = 0;
  // Bytes are sent in base64.
  for (const [key, value] of metadata)
    bytes += 32 + key.length + (typeof value === "string" ? value.length : Math.ceil(value.length / 3) * 4);
  return bytes;
}

export function reservedFault(key: string): string {
  return `the metadata key "${key}" is ${key.startsWith("grpc-") ? "gRPC" : "HTTP"}'s own`;
}

/** Takes from metadata that has been received what is not metadata: the headers of HTTP and of the protocol. Returns the same object. */
export function custom(received: Metadata): Metadata {
  for (const key of received.keys()) if (isReserved(key) || key === "date") received.delete(key);
  return received;
}
