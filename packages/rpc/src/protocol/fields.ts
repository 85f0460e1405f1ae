// Converts between metadata and header fields (PROTOCOL-HTTP2.md, Custom-Metadata).
import { fieldsIn, Metadata } from "./metadata.ts";
import { detailsKey, isReserved, pushbackKey } from "./metadata-rules.ts";

/** Fields of the protocol that handlers may read and clients may send, for tracing. */
const tracing = new Set(["grpc-trace-bin", "grpc-tags-bin"]);

/**
 * Returns whether a client sends a key of a request's metadata. It ignores the other keys of HTTP
 * and of the protocol.
 */
export function isSentWithRequest(key: string): boolean {
  return !isReserved(key) || tracing.has(key);
}

/**
 * Returns whether a field that a server received is metadata. `grpc-previous-rpc-attempts` is
 * metadata, because it holds the number of earlier attempts (gRFC A6).
 */
export function isRequestMetadata(name: string): boolean {
  return name !== "accept-encoding" && (isSentWithRequest(name) || name === "grpc-previous-rpc-attempts");
}

/**
 * Returns whether a field that a client received is metadata rather than a field of HTTP or of the
 * protocol. The details and the pushback of a status count, so that proxies pass them on.
 */
export function isMetadata(name: string): boolean {
  return name === detailsKey || name === pushbackKey || !(isReserved(name) || name === "date");
}

/**
 * Reads the metadata from header fields. `flat` holds names and values in turn; reading begins at
 * `start`. Leaves out the fields of HTTP and of the protocol.
 */
export function metadataFromFields(flat: readonly string[], start: number): Metadata {
  const metadata = new Metadata();
  for (let i = start; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (isMetadata(name)) metadata.receive(name, flat[i + 1] as string);
  }
  return metadata;
}

/** Returns whether the header fields contain metadata. */
export function hasMetadata(flat: readonly string[], start: number): boolean {
  for (let i = start; i < flat.length; i += 2) if (isMetadata(flat[i] as string)) return true;
  return false;
}

/** Converts metadata to header fields. Bytes become base64 without padding. */
export function fieldsOf(metadata: Metadata): (readonly [name: string, value: string])[] {
  const flat = fieldsIn(metadata);
  const fields: (readonly [string, string])[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const value = flat[i + 1] as string | Buffer;
    fields.push([flat[i] as string, typeof value === "string" ? value : value.toString("base64").replace(/=+$/, "")]);
  }
  return fields;
}
