// Metadata: grpc-js's own class, and the shorthand accepted wherever metadata is given.
import { Metadata } from "@grpc/grpc-js";

export { Metadata };

/**
 * Metadata, or an object with its entries. Keys are case-insensitive; those that end in `-bin` take bytes, all others take strings
 * of printable ASCII. A key that is HTTP/2's own (`connection`, `te`, `content-length` …) fails the call: INVALID_ARGUMENT at a client,
 * INTERNAL at a server.
 */
export type MetadataInit = Metadata | { readonly [key: string]: string | Uint8Array | readonly (string | Uint8Array)[] };

/** Makes metadata from its shorthand. What is metadata already is returned as it is, not copied. */
export function toMetadata(init: MetadataInit | undefined): Metadata {
  if (init instanceof Metadata) return init;
  const metadata = new Metadata();
  for (const [key, values] of Object.entries(init ?? {})) {
    for (const value of typeof values === "string" || values instanceof Uint8Array ? [values] : values) {
      metadata.add(key, typeof value === "string" ? value : Buffer.from(value));
    }
  }
  return metadata;
}
