// The header and the trailer of a response, for handlers.
import { Metadata, MetadataError, type MetadataValue } from "../protocol/metadata.ts";
import { isReserved, reservedFault } from "../protocol/metadata-rules.ts";

/**
 * Metadata that rejects the keys of HTTP and of the protocol: `set` and `add` throw a
 * MetadataError. `merge` leaves these keys out, because it may be given received metadata.
 */
export class ResponseMetadata extends Metadata {
  override set<Key extends string>(key: Key, value: MetadataValue<Key> | readonly MetadataValue<Key>[]): this {
    checkNotReserved(key);
    return super.set(key, value);
  }

  override add<Key extends string>(key: Key, value: MetadataValue<Key>): this {
    checkNotReserved(key);
    return super.add(key, value);
  }

  override merge(other: Metadata): this {
    const rest = other.clone();
    for (const key of other.keys()) if (isReserved(key)) rest.delete(key);
    return super.merge(rest);
  }
}

function checkNotReserved(key: string): void {
  const name = key.toLowerCase();
  if (isReserved(name)) throw new MetadataError(reservedFault(name));
}
