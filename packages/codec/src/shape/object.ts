// Plain objects with keys that come from outside.

/** An object in the sense of JSON: no list, not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sets a property even if it is called `__proto__`. */
export function setOwn<Value>(object: Record<string, Value>, key: string, value: Value): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

/** A property whose name only a descriptor knows. */
export function property(object: object, key: string): unknown {
  return (object as Record<string, unknown>)[key];
}
