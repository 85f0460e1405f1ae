// Copies metadata for the other end of a call.
import { isMetadata, isRequestMetadata, isSentWithRequest } from "../../protocol/fields.ts";
import { Metadata } from "../../protocol/metadata.ts";

/** Returns a copy of a response's metadata without the fields of HTTP and of the protocol. */
export function copyMetadata(metadata: Metadata | undefined): Metadata {
  return copyOf(metadata, isMetadata);
}

/** Returns a copy of a request's metadata with the fields that HTTP/2 would carry. */
export function copyRequestMetadata(metadata: Metadata | undefined): Metadata {
  return copyOf(metadata, (key) => isSentWithRequest(key) && isRequestMetadata(key));
}

function copyOf(metadata: Metadata | undefined, takes: (key: string) => boolean): Metadata {
  const copy = new Metadata(metadata);
  for (const key of copy.keys()) if (!takes(key)) copy.delete(key);
  return copy;
}
