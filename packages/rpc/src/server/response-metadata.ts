// The header and the trailer of a response, as a handler fills them.
import { Metadata, MetadataError, type MetadataValue } from "../protocol/metadata.ts";
import { isReserved, reservedFault } from "../protocol/metadata-rules.ts";

/**
 * Refuses the keys of HTTP and of the protocol where they are set: `set` and `add` throw a MetadataError. `merge` leaves them out, since what is merged has been
 * received from somebody else.
 */
export class ResponseMetadata extends Metadata {
  override set<Key extends string>(key: Key, value: MetadataValue<Key> | readonly MetadataValue<Key>[]): this {
    refuse(key);
    return super.set(key, value);
  }

  override add<Key extends string>(key: Key, value: MetadataValue<Key>): this {
    refuse(key);
    return super.add(key, value);
  }

  override merge(other: Metadata): this {
    const rest = other.clone();
    for (const key of other.keys()) if (isReserved(key)) rest.delete(key);
    return super.merge(rest);
  }
}

function refuse(key: string): void {
  const name = key.toLowerCase();
  if (isReserved(name)) throw new MetadataError(reservedFault(name));
}
