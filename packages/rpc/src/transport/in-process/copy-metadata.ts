// Copies metadata for the other end of a call.
import { isMetadata, isRequestMetadata, isSentWithRequest } from "../../protocol/fields.ts";
import { filtered, Metadata } from "../../protocol/metadata.ts";

/** Returns a copy of a response's metadata without the fields of HTTP and of the protocol. */
export function copyMetadata(metadata: Metadata | undefined): Metadata {
  return copyOf(metadata, isMetadata);
}

/** Returns a copy of a request's metadata with the fields that HTTP/2 would carry. */
export function copyRequestMetadata(metadata: Metadata | undefined): Metadata {
  return copyOf(metadata, isForHandlers);
}

function isForHandlers(key: string): boolean {
  return isSentWithRequest(key) && isRequestMetadata(key);
}

function copyOf(metadata: Metadata | undefined, takes: (key: string) => boolean): Metadata {
  return metadata === undefined ? new Metadata() : filtered(metadata, takes);
}
