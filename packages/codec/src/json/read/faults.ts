// What is wrong with JSON that is no such message, and where.
import { Fault, shortened, shownKey } from "../error.ts";

/** Adds the field, the list index and the map key to a fault that passes through a message. */
export function inField(
  thrown: unknown,
  names: ReadonlyMap<string, string>,
  key: string,
  index: number,
  mapKey: string | undefined,
): unknown {
  if (!(thrown instanceof Fault)) {
    return thrown;
  }
  const item = index >= 0 ? index : mapKey;
  const name = names.get(key);
  if (name === undefined) {
    // An extension's fault has its name already.
    return thrown.path === "" ? thrown.inField(shownKey(key)) : thrown;
  }
  return (item === undefined ? thrown : thrown.inItem(item)).inField(name);
}

export function unknownField(): never {
  throw new Fault("unknown field");
}

export function twice(): never {
  throw new Fault("set twice, by both of its names");
}

export function oneofTwice(name: string): never {
  throw new Fault(`another field of the oneof ${shortened(name)} is set too`);
}

export function nullItem(what: string): never {
  throw new Fault(`null can not be in ${what}`);
}

/** Throws if two keys of a map's JSON are the same key. */
export function keysOnce(json: object, read: (key: string) => string): void {
  const known = new Set<string>();
  for (const key of Object.keys(json)) {
    let canonical = key;
    try {
      canonical = read(key);
    } catch {
      // Only an ignored value's key comes here unread; it is no key, and so no other's.
    }
    if (known.has(canonical)) {
      throw new Fault(`the key ${JSON.stringify(shortened(key))} is set twice`);
    }
    known.add(canonical);
  }
}
