// Changes values of JSON without changing the original.
import { isArray, isObject, type JsonValue, objectOf } from "./parse.ts";

/** Sets a key of an object. `undefined` removes it. */
export function withKey(value: JsonValue | undefined, key: string, item: JsonValue | undefined): JsonValue {
  const members = isObject(value) ? Object.entries(value) : [];
  if (item === undefined) return objectOf(members.filter(([name]) => name !== key));
  const known = members.some(([name]) => name === key);
  return objectOf(known ? members.map(([name, old]) => [name, name === key ? item : old]) : [...members, [key, item]]);
}

/** Removes keys of an object. */
export function withoutKeys(value: JsonValue | undefined, keys: ReadonlySet<string>): JsonValue {
  return objectOf(isObject(value) ? Object.entries(value).filter(([name]) => !keys.has(name)) : []);
}

/** Renames a key of an object, which keeps its place. */
export function withRenamedKey(value: JsonValue | undefined, key: string, name: string): JsonValue {
  return objectOf(isObject(value) ? Object.entries(value).map(([old, item]) => [old === key ? name : old, item]) : []);
}

/** Replaces an item of an array. */
export function withItem(value: JsonValue | undefined, index: number, item: JsonValue): JsonValue {
  return isArray(value) ? value.with(index, item) : [item];
}

/** Removes an item of an array. */
export function withoutItem(value: JsonValue | undefined, index: number): JsonValue {
  return isArray(value) ? value.toSpliced(index, 1) : [];
}

/** Moves an item of an array to another index. */
export function withMovedItem(value: JsonValue | undefined, from: number, to: number): JsonValue {
  if (!isArray(value)) return [];
  return value.toSpliced(from, 1).toSpliced(to, 0, ...value.slice(from, from + 1));
}

/** Prints a value as the editor shows it. */
export function print(value: JsonValue): string {
  return JSON.stringify(value, undefined, 2);
}
