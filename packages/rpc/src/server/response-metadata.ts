// The header and the trailer of a response, as a handler fills them.
import { Metadata } from "@grpc/grpc-js";
import { MetadataError } from "../protocol/metadata.ts";
import { isReserved, reservedFault } from "../protocol/metadata-rules.ts";

/**
 * Refuses the keys of HTTP and of the protocol where they are set: `set` and `add` throw a MetadataError. `merge` leaves them out, since what is merged has been
 * received from somebody else.
 */
export class ResponseMetadata extends Metadata {
  override set(key: string, value: string | Buffer): void {
    refuse(key);
    super.set(key, value);
  }

  override add(key: string, value: string | Buffer): void {
    refuse(key);
    super.add(key, value);
  }

  override merge(other: Metadata): void {
    const rest = other.clone();
    for (const key of Object.keys(rest.getMap())) if (isReserved(key)) rest.remove(key);
    super.merge(rest);
  }
}

function refuse(key: string): void {
  const name = key.toLowerCase();
  if (isReserved(name)) throw new MetadataError(reservedFault(name));
}
