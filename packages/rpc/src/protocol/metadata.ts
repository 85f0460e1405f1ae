// Metadata: grpc-js's own class, and the shorthand accepted wherever metadata is given.
import { Metadata } from "@grpc/grpc-js";

export { Metadata };

/**
 * Metadata, or an object with its entries. Keys are case-insensitive; those that end in `-bin` take bytes, all others take strings
 * of printable ASCII. A key that is HTTP/2's own (`connection`, `te`, `content-length` …), and more than 60 KiB in all, fail the call: INVALID_ARGUMENT at a
 * client, INTERNAL at a server.
 */
export type MetadataInit = Metadata | { readonly [key: string]: string | Uint8Array | readonly (string | Uint8Array)[] };

/** Metadata that cannot be sent. The message names the key, and no value: that may be a secret. */
export class MetadataError extends TypeError {
  static {
    MetadataError.prototype.name = "MetadataError";
  }
}

/**
 * Makes metadata from its shorthand. What is metadata already is returned as it is, not copied.
 * @throws MetadataError if a key or a value is illegal.
 */
export function toMetadata(init: MetadataInit | undefined): Metadata {
  if (init instanceof Metadata) return init;
  if (init === undefined || init === null) return new Metadata();
  // `Object.entries` finds nothing in a Map or in Headers: they would be sent as no metadata at all.
  if (typeof init !== "object" || Symbol.iterator in init)
    throw new MetadataError(`metadata takes Metadata, or an object with its entries, got ${kindOf(init)}`);
  const metadata = new Metadata();
  for (const [key, values] of Object.entries(init)) {
    for (const value of Array.isArray(values) ? values : [values]) add(metadata, key, value);
  }
  return metadata;
}

function add(metadata: Metadata, key: string, value: unknown): void {
  if (!/^[0-9a-z_.:-]+$/i.test(key))
    throw new MetadataError(`${JSON.stringify(key)} is no metadata key: it takes a-z, 0-9, "-", "_" and "."`);
  if (/-bin$/i.test(key)) {
    if (!(value instanceof Uint8Array)) throw new MetadataError(`the metadata key "${key}" takes bytes, got ${kindOf(value)}`);
    metadata.add(key, Buffer.from(value));
  } else {
    if (typeof value !== "string") throw new MetadataError(`the metadata key "${key}" takes a string, got ${kindOf(value)}`);
    if (!/^[ -~]*$/.test(value)) throw new MetadataError(`the value of the metadata key "${key}" has characters beyond printable ASCII`);
    metadata.add(key, value);
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Uint8Array) return "bytes";
  return typeof value === "object" ? `an object of ${value.constructor?.name ?? "no class"}` : `a value of type ${typeof value}`;
}
