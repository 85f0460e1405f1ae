// Changes values of JSON without changing the original.
import { isArray, isObject, type JsonNode, type JsonValue, objectOf, parseJson } from "./parse.ts";

/** The members or items of a value as their text has them. */
interface Source {
  readonly text: string;
  readonly node: JsonNode;
}

/** The texts of objects and arrays. A changed one has that of its original. */
const sources = new WeakMap<object, Source>();

/**
 * Parses a text so that `print` writes its scalar values as they are there. Printed from their values, numbers
 * such as -0, 1e400 and 9007199254740993 would be others.
 *
 * @throws JsonSyntaxError
 */
export function parseSource(text: string): JsonNode {
  const node = parseJson(text);
  keep(text, node);
  return node;
}

function keep(text: string, node: JsonNode): void {
  const { value, items, members } = node;
  if (typeof value !== "object" || value === null) return;
  sources.set(value, { text, node });
  for (const item of items ?? []) keep(text, item);
  for (const { node: member } of members ?? []) keep(text, member);
}

/** A changed value with the source of its original. */
function changed<Value extends JsonValue & object>(value: Value, original: JsonValue | undefined): Value {
  const source = typeof original === "object" && original !== null ? sources.get(original) : undefined;
  if (source !== undefined) sources.set(value, source);
  return value;
}

/** Sets a key of an object. `undefined` removes it. */
export function withKey(value: JsonValue | undefined, key: string, item: JsonValue | undefined): JsonValue {
  const members = isObject(value) ? Object.entries(value) : [];
  if (item === undefined) return withoutKeys(value, new Set([key]));
  const known = members.some(([name]) => name === key);
  return changed(objectOf(known ? members.map(([name, old]) => [name, name === key ? item : old]) : [...members, [key, item]]), value);
}

/** Removes keys of an object. */
export function withoutKeys(value: JsonValue | undefined, keys: ReadonlySet<string>): JsonValue {
  return changed(objectOf(isObject(value) ? Object.entries(value).filter(([name]) => !keys.has(name)) : []), value);
}

/** Renames a key of an object, which keeps its place. */
export function withRenamedKey(value: JsonValue | undefined, key: string, name: string): JsonValue {
  if (!isObject(value)) return {};
  const source = sources.get(value);
  const renamed = objectOf(Object.entries(value).map(([old, item]) => [old === key ? name : old, item]));
  if (source?.node.members === undefined) return renamed;
  const members = source.node.members.filter((one) => one.key !== name).map((one) => (one.key === key ? { ...one, key: name } : one));
  sources.set(renamed, { ...source, node: { ...source.node, members } });
  return renamed;
}

/** Replaces an item of an array, or adds one at its end. */
export function withItem(value: JsonValue | undefined, index: number, item: JsonValue): JsonValue {
  if (!isArray(value)) return [item];
  return changed(index < value.length ? value.with(index, item) : [...value, item], value);
}

/** Removes an item of an array. */
export function withoutItem(value: JsonValue | undefined, index: number): JsonValue {
  return isArray(value) ? spliced(value, (items) => items.toSpliced(index, 1)) : [];
}

/** Moves an item of an array to another index. */
export function withMovedItem(value: JsonValue | undefined, from: number, to: number): JsonValue {
  return isArray(value) ? spliced(value, (items) => items.toSpliced(from, 1).toSpliced(to, 0, ...items.slice(from, from + 1))) : [];
}

/** Changes the order of items, and of their nodes with them. */
function spliced(value: readonly JsonValue[], splice: <Item>(items: readonly Item[]) => readonly Item[]): readonly JsonValue[] {
  const items = splice(value);
  const source = sources.get(value);
  if (source?.node.items !== undefined) sources.set(items, { ...source, node: { ...source.node, items: splice(source.node.items) } });
  return items;
}

/** Prints a value as the editor shows it. Scalar values that `parseSource` has read keep their text. */
export function print(value: JsonValue, indent = ""): string {
  const inner = `${indent}  `;
  const { text = "", node } = (typeof value === "object" && value !== null && sources.get(value)) || {};
  const printed = (one: JsonValue, source: JsonNode | undefined) =>
    source !== undefined && Object.is(source.value, one) && (typeof one !== "object" || one === null)
      ? text.slice(source.from, source.to)
      : print(one, inner);
  const enclosed = (lines: readonly string[], [open, close]: string) =>
    lines.length === 0 ? `${open}${close}` : `${open}\n${lines.map((line) => inner + line).join(",\n")}\n${indent}${close}`;
  if (isArray(value))
    return enclosed(
      value.map((item, index) => printed(item, node?.items?.[index])),
      "[]",
    );
  if (isObject(value)) {
    // The last one of several members with the same key counts.
    const nodes = new Map(node?.members?.map((member) => [member.key, member.node]));
    return enclosed(
      Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${printed(item, nodes.get(key))}`),
      "{}",
    );
  }
  return printScalar(value);
}

/** A number in JSON. `JSON.stringify` has no sign for zero, and `null` for what is infinite. */
export function printScalar(value: JsonValue): string {
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "number" && !Number.isFinite(value)) return value < 0 ? "-1e400" : "1e400";
  return JSON.stringify(value);
}
