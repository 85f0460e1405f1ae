// Assigns a value that is written as text to the field at a path.
import { create, type DescField, type Message } from "@bufbuild/protobuf";
import { type FieldPath, formatPath } from "./field-path.ts";
import { invalidField } from "./invalid-field.ts";
import { mapKeyParser, textParser } from "./parse-text.ts";

/**
 * Parses a value and assigns it.
 *
 * @throws RpcError INVALID_ARGUMENT that names the field and the value.
 */
export type TextAssigner = (message: Message, text: string) => void;

/**
 * The properties of a protobuf-es message. A oneof is one property, which holds the case and its
 * value.
 */
type Properties = Message & Record<string, unknown>;
type Oneof = { case: string | undefined; value?: unknown };

/**
 * Returns the assigner for a path. It appends to a repeated field, and replaces the value of any
 * other field. Returns `undefined` if the values of the field cannot be written as text.
 *
 * @param key the key of the map entry to set.
 */
export function textAssigner(path: FieldPath, key?: string): TextAssigner | undefined {
  const leaf = path[path.length - 1] ?? path[0];
  const parse = textParser(leaf);
  if (parse === undefined || (leaf.fieldKind === "map") !== (key !== undefined)) return undefined;
  const name = formatPath(path);
  const parents = path.slice(0, -1);
  const assign = fieldAssigner(leaf, name, key);
  return (message, text) => {
    let value: unknown;
    try {
      value = parse(text);
    } catch (error) {
      throw invalidField(name, (error as Error).message);
    }
    let parent = message as Properties;
    for (const field of parents) parent = enter(parent, field, name);
    assign(parent, value);
  };
}

function fieldAssigner(field: DescField, path: string, key: string | undefined): (parent: Properties, value: unknown) => void {
  const { localName } = field;
  if (field.fieldKind === "list") return (parent, value) => (parent[localName] as unknown[]).push(value);
  if (field.fieldKind === "map") return entryAssigner(localName, path, mapKeyParser(field.mapKey), key ?? "");
  if (field.oneof === undefined) {
    return (parent, value) => {
      parent[localName] = value;
    };
  }
  const oneofName = field.oneof.localName;
  return (parent, value) => {
    const { case: other } = parent[oneofName] as Oneof;
    if (other !== undefined && other !== localName) throw invalidField(path, `${other} is already set, and both are in the same oneof`);
    parent[oneofName] = { case: localName, value };
  };
}

function entryAssigner(localName: string, path: string, parseKey: (text: string) => unknown, key: string) {
  return (parent: Properties, value: unknown) => {
    let parsed: unknown;
    try {
      parsed = parseKey(key);
    } catch (error) {
      throw invalidField(path, `the key ${(error as Error).message}`);
    }
    // Not an assignment: the key may be `__proto__`.
    Object.defineProperty(parent[localName] as object, String(parsed), { value, enumerable: true, configurable: true, writable: true });
  };
}

/** Returns the message in a field. Creates it if the field is unset. */
function enter(parent: Properties, field: DescField, path: string): Properties {
  if (field.fieldKind !== "message") throw new TypeError(`${field.name} is not a message field`);
  if (field.oneof === undefined) {
    parent[field.localName] ??= create(field.message);
    return parent[field.localName] as Properties;
  }
  const oneof = parent[field.oneof.localName] as Oneof;
  if (oneof.case === field.localName) return oneof.value as Properties;
  if (oneof.case !== undefined) throw invalidField(path, `${oneof.case} is already set, and both are in the same oneof`);
  const value = create(field.message) as Properties;
  parent[field.oneof.localName] = { case: field.localName, value };
  return value;
}
