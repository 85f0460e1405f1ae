// Compares two values in everything that a program can observe: prototypes, property order, own
// properties, -0, NaN and bytes.

/** Returns `undefined` if the values are equal, and otherwise the path to the difference. */
export function difference(a: unknown, b: unknown, path = ""): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return `${path}: ${String(a)} is not ${String(b)}`;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: prototypes`;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0 ? undefined : `${path}: bytes`;
  const keys = Reflect.ownKeys(a);
  const others = Reflect.ownKeys(b);
  if (keys.length !== others.length || keys.some((key, i) => key !== others[i]))
    return `${path}: ${keys.map(String)} are not ${others.map(String)}`;
  for (const key of keys) {
    const found = difference(Reflect.get(a, key), Reflect.get(b, key), `${path}.${String(key)}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
