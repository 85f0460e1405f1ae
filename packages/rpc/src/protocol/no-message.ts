// Values that are no message, and would be written as an empty one: protobuf-es reads the fields of any value, and finds none.

/** What a value is, if it is no object: `undefined`, `a string`. Undefined for an object. */
export function noObject(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null) return undefined;
  return value === undefined || value === null ? String(value) : `a ${typeof value}`;
}

/** What an object is that no message can be: an array, a promise, an iterable. Undefined for any other object. It matters only where nothing was written. */
export function noFields(value: object): string | undefined {
  if (Array.isArray(value)) return "an array";
  if (typeof (value as Partial<PromiseLike<unknown>>).then === "function") return "a promise";
  if (Symbol.iterator in value || Symbol.asyncIterator in value) return "an iterable";
  return value instanceof Error || value instanceof Date ? `an object of ${value.constructor.name}` : undefined;
}
