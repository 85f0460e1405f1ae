// Detects values that are not messages. protobuf-es reads the fields of any value, finds none, and
// writes an empty message.

/**
 * Describes a value that is not an object: `undefined`, `a string`. Returns `undefined` for an
 * object.
 */
export function describeNonObject(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null) return undefined;
  return value === undefined || value === null ? String(value) : `a ${typeof value}`;
}

/**
 * Describes an object that cannot be a message: an array, a promise, an iterable. Returns
 * `undefined` for any other object. Needed only if the encoded message is empty.
 */
export function describeNonMessage(value: object): string | undefined {
  if (Array.isArray(value)) return "an array";
  if (typeof (value as Partial<PromiseLike<unknown>>).then === "function") return "a promise";
  if (Symbol.iterator in value || Symbol.asyncIterator in value) return "an iterable";
  return value instanceof Error || value instanceof Date ? `an object of ${value.constructor.name}` : undefined;
}
