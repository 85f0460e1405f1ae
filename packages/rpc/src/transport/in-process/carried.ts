// Copies metadata for the other end of a call.
import { isMetadata } from "../../protocol/fields.ts";
import { Metadata } from "../../protocol/metadata.ts";

/** Returns a copy without the fields of HTTP and of the protocol. */
export function carried(metadata: Metadata | undefined): Metadata {
  const copy = new Metadata(metadata);
  for (const key of copy.keys()) if (!isMetadata(key)) copy.delete(key);
  return copy;
}
