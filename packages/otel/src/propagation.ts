// Reads and writes the trace context in metadata, for the global propagator.
import type { Metadata } from "@grpc-study/rpc";
import type { Attributes, TextMapGetter, TextMapSetter } from "@opentelemetry/api";
import { requestMetadataPrefix } from "./names.ts";

export const getter: TextMapGetter<Metadata> = {
  keys: (metadata) => [...metadata.keys()],
  get: (metadata, key) => {
    if (key.endsWith("-bin")) return undefined;
    // Several `tracestate` or `baggage` fields are one list (W3C Trace Context, 3.3.1.1).
    const values = metadata.getAll(key);
    return values.length > 1 ? values.join(",") : values[0];
  },
};

export const headerGetter: TextMapGetter<{ readonly [name: string]: string | undefined }> = {
  keys: (headers) => Object.keys(headers),
  get: (headers, key) => headers[key.toLowerCase()],
};

export const setter: TextMapSetter<Metadata> = {
  set: (metadata, key, value) => {
    metadata.set(key, value);
  },
};

/** Adds the metadata that the options select as attributes. */
export function addMetadata(attributes: Attributes, metadata: Metadata, keys: readonly string[]): void {
  for (const key of keys) {
    if (metadata.has(key)) attributes[requestMetadataPrefix + key] = [...metadata.getAll(key)];
  }
}
