// Metadata as header fields, both ways (PROTOCOL-HTTP2.md, Custom-Metadata).
import { Metadata } from "./metadata.ts";
import { detailsKey, isReserved } from "./metadata-rules.ts";

/** Fields of the protocol that say something to a handler, too: what tracing hands on. */
const tracing = new Set(["grpc-trace-bin", "grpc-tags-bin"]);

/** Whether a client sends a key of a request's metadata. The other keys of HTTP and of the protocol are without effect. */
export function isSentWithRequest(key: string): boolean {
  return !isReserved(key) || tracing.has(key);
}

/** Whether a field that a server received is metadata. `grpc-previous-rpc-attempts` tells a handler which attempt of a call it is (gRFC A6). */
export function isRequestMetadata(name: string): boolean {
  return name !== "accept-encoding" && (isSentWithRequest(name) || name === "grpc-previous-rpc-attempts");
}

/** Whether a field that a client received is metadata, and not one of HTTP or of the protocol. */
export function isMetadata(name: string): boolean {
  return name === detailsKey || !(isReserved(name) || name === "date");
}

/** The metadata among header fields, given as names and values in turn from `start` on. The fields of HTTP and of the protocol are left out. */
export function metadataFromFields(flat: readonly string[], start: number): Metadata {
  const metadata = new Metadata();
  for (let i = start; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (isMetadata(name)) metadata.receive(name, flat[i + 1] as string);
  }
  return metadata;
}

/** Whether there is metadata among header fields. */
export function hasMetadata(flat: readonly string[], start: number): boolean {
  for (let i = start; i < flat.length; i += 2) if (isMetadata(flat[i] as string)) return true;
  return false;
}

/** The header fields of metadata. Bytes are base64 without padding. */
export function fieldsOf(metadata: Metadata): (readonly [name: string, value: string])[] {
  const fields: (readonly [string, string])[] = [];
  for (const [key, value] of metadata) {
    fields.push([key, typeof value === "string" ? value : value.toString("base64").replace(/=+$/, "")]);
  }
  return fields;
}
