// The metadata keys that HTTP/2 and gRPC reserve. Node throws at them when it writes the header,
// which is too late for the call, and on a client for the whole connection.
import { wrongType } from "../checks.ts";
import { fieldsIn, Metadata } from "./metadata.ts";

/**
 * Connection-specific fields (RFC 9113, section 8.2.2), and fields that describe the HTTP message.
 */
const reserved = new Set([
  "connection",
  "content-length",
  "content-type",
  // RFC 9113, section 8.3.1: `:authority` replaces it.
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Headers that HTTP allows once: the entries of Node's own list (`kSingleValueFields` in
 * lib/internal/http2/util.js) that can be metadata keys.
 */
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

/** The one protocol field that is also metadata. Errors read their details from it. */
export const detailsKey = "grpc-status-details-bin";

/** Sent by a server: the delay before a client may retry a call (gRFC A6). */
export const pushbackKey = "grpc-retry-pushback-ms";

/**
 * Returns whether a metadata field is sent with a status. The transport sets the other fields of
 * HTTP and of the protocol itself.
 */
export function isSentWithStatus(key: string): boolean {
  return !isReserved(key) || key === detailsKey || key === pushbackKey;
}

/** Returns whether HTTP or the protocol reserves a key, so that it is never metadata. */
export function isReserved(key: string): boolean {
  return key.startsWith(":") || key.startsWith("grpc-") || reserved.has(key);
}

/** Returns why metadata cannot be sent with a response, or `undefined` if it can. */
export function metadataFault(metadata: Metadata): string | undefined {
  return keyFault(metadata) ?? sizeFault(metadataBytes(metadata));
}

/** Returns why metadata cannot be sent because of its keys, or `undefined` if it can. */
export function keyFault(metadata: Metadata): string | undefined {
  return faultOf(metadata, isReserved);
}

/**
 * Returns why metadata cannot be sent with a request, or `undefined` if it can. A channel expects
 * valid metadata; a proxy checks what its callers send. Of the `grpc-*`
 * keys, only `grpc-timeout` is a fault. The others are left out when the request is written, except
 * those for tracing (`grpc-trace-bin`).
 *
 * @throws TypeError if the argument is not Metadata.
 */
export function requestFault(metadata: Metadata): string | undefined {
  if (!(metadata instanceof Metadata)) throw wrongType("the metadata of requestFault()", "Metadata", metadata);
  const fault = faultOf(metadata, (key) => key === "grpc-timeout" || (isReserved(key) && !key.startsWith("grpc-")));
  return fault ?? sizeFault(metadataBytes(metadata));
}

function faultOf(metadata: Metadata, isReserved: (key: string) => boolean): string | undefined {
  const flat = fieldsIn(metadata);
  for (let i = 0; i < flat.length; i += 2) {
    const key = flat[i] as string;
    if (isReserved(key)) return reservedFault(key);
    // The values of a key follow each other.
    if (key === flat[i + 2] && single.has(key))
      return `the metadata key "${key}" has ${metadata.getAll(key).length} values; HTTP allows one`;
  }
  return undefined;
}

/**
 * The maximum size of sent metadata, as a header list. Node, nghttp2 and curl close a connection
 * with all its calls if a header is larger than 64 KiB. Other peers accept less: 8 KiB (grpc-java),
 * 16 KiB (C-core), 32 KiB (the server of this package).
 */
const maxBytes = 60 * 1024;

/** Returns why metadata of this size cannot be sent, or `undefined` if it can. */
export function sizeFault(bytes: number): string | undefined {
  return bytes > maxBytes ? `the metadata has ${bytes} bytes; the limit for a header is ${maxBytes}` : undefined;
}

/**
 * Returns the size of metadata as a header list (RFC 9113, section 6.5.2): names, values, and 32
 * bytes for each field.
 */
export function metadataBytes(metadata: Metadata): number {
  const flat = fieldsIn(metadata);
  let bytes = 16 * flat.length;
  // Keys are text. Bytes are sent in base64.
  for (const part of flat) bytes += typeof part === "string" ? part.length : Math.ceil(part.length / 3) * 4;
  return bytes;
}

/** The size of metadata. */
export interface MetadataSize {
  /** As `metadataBytes` returns it. */
  readonly bytes: number;
  /** The number of values. */
  readonly pairs: number;
}

/** @throws TypeError if the argument is not Metadata. */
export function metadataSize(metadata: Metadata): MetadataSize {
  if (!(metadata instanceof Metadata)) throw wrongType("the metadata of metadataSize()", "Metadata", metadata);
  return { bytes: metadataBytes(metadata), pairs: fieldsIn(metadata).length / 2 };
}

export function reservedFault(key: string): string {
  return `the metadata key "${key}" is reserved for ${key.startsWith("grpc-") ? "gRPC" : "HTTP"}`;
}

/**
 * Removes the fields of HTTP and of the protocol from received metadata. Returns the same object.
 */
export function custom(received: Metadata): Metadata {
  for (const key of received.keys()) if (isReserved(key) || key === "date") received.delete(key);
  return received;
}
