// Puts a value that is written as text where a path of fields leads.
import { create, type DescField, type Message } from "@bufbuild/protobuf";
import { type FieldPath, formatPath } from "./field-path.ts";
import { invalidField } from "./invalid-field.ts";
import { mapKeyParser, textParser } from "./parse-text.ts";

/** Parses a value and puts it into a message. Throws INVALID_ARGUMENT, which names the field and the value. */
export type TextAssigner = (message: Message, text: string) => void;

/** The properties of a message, as protobuf-es has them: a oneof is one, with the case that is set. */
type Properties = Message & Record<string, unknown>;
type Oneof = { case: string | undefined; value?: unknown };

/**
 * The assigner of a path: a value is added to a repeated field, and replaces that of any other.
 *
 * @param key of a map: the entry that is set.
 * @returns undefined if the field's values cannot be written as text.
 */
export function textAssigner(path: FieldPath, key?: string): TextAssigner | undefined {
  const leaf = path[path.length - 1] ?? path[0];
  const parse = textParser(leaf);
  if (parse === undefined || (leaf.fieldKind === "map") !== (key !== undefined)) return undefined;
  const name = formatPath(path);
  const parents = path.slice(0, -1);
  const put = putter(leaf, name, key);
  return (message, text) => {
    let value: unknown;
    try {
      value = parse(text);
    } catch (error) {
      throw invalidField(name, (error as Error).message);
    }
    let parent = message as Properties;
    for (const field of parents) parent = enter(parent, field, name);
    put(parent, value);
  };
}

function putter(field: DescField, path: string, key: string | undefined): (parent: Properties, value: unknown) => void {
  const { localName } = field;
  if (field.fieldKind === "list") return (parent, value) => (parent[localName] as unknown[]).push(value);
  if (field.fieldKind === "map") return mapPutter(localName, path, mapKeyParser(field.mapKey), key ?? "");
  if (field.oneof === undefined) {
    return (parent, value) => {
      parent[localName] = value;
    };
  }
  const oneofName = field.oneof.localName;
  return (parent, value) => {
    const { case: other } = parent[oneofName] as Oneof;
    if (other !== undefined && other !== localName) throw invalidField(path, `${other} is set already, and only one of them can be`);
    parent[oneofName] = { case: localName, value };
  };
}

function mapPutter(localName: string, path: string, parseKey: (text: string) => unknown, key: string) {
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

/** The message in a field, made if there is none. */
function enter(parent: Properties, field: DescField, path: string): Properties {
  if (field.fieldKind !== "message") throw new TypeError(`${field.name} is no message`);
  if (field.oneof === undefined) {
    parent[field.localName] ??= create(field.message);
    return parent[field.localName] as Properties;
  }
  const oneof = parent[field.oneof.localName] as Oneof;
  if (oneof.case === field.localName) return oneof.value as Properties;
  if (oneof.case !== undefined) throw invalidField(path, `${oneof.case} is set already, and only one of them can be`);
  const value = create(field.message) as Properties;
  parent[field.oneof.localName] = { case: field.localName, value };
  return value;
}
