// Faults of invalid JSON and their paths.
import { Fault, shortened, shownKey } from "../error.ts";

/** Adds the field, list index and map key to a fault that propagates through a message. */
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
    // A fault in an extension already has the name.
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
  throw new Fault(`${what} must not contain null`);
}

/** Throws a Fault if two keys of a map's JSON denote the same key. */
export function keysOnce(json: object, read: (key: string) => string): void {
  const known = new Set<string>();
  for (const key of Object.keys(json)) {
    let canonical = key;
    try {
      canonical = read(key);
    } catch {
      // Only the key of an ignored value can be invalid here. It equals no other key.
    }
    if (known.has(canonical)) {
      throw new Fault(`the key ${JSON.stringify(shortened(key))} is set twice`);
    }
    known.add(canonical);
  }
}
