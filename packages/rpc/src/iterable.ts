// Iterables of messages.

export type AnyIterable = AsyncIterable<unknown> | Iterable<unknown>;
export type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

/** Whether a value is an object with an iterator. A string is not. */
export function isIterable(value: unknown): value is AnyIterable {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

export function iteratorOf(iterable: AnyIterable): AnyIterator {
  return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
}
