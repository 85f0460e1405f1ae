// Metadata on its way to the other end.
import { isMetadata } from "../../protocol/fields.ts";
import { Metadata } from "../../protocol/metadata.ts";

/** A copy, without the fields of HTTP and of the protocol. */
export function carried(metadata: Metadata | undefined): Metadata {
  const copy = new Metadata(metadata);
  for (const key of copy.keys()) if (!isMetadata(key)) copy.delete(key);
  return copy;
}
