// A call by the google.api.http rule of its method: the path, query and body from the message.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { printScalar, withKey, withoutKeys } from "../json/edit.ts";
import { isArray, isObject, type JsonValue, parseJson } from "../json/parse.ts";
import { fieldOf, hasJsonForm } from "../schema/check.ts";
import type { HttpRule, MethodEntry } from "../schema/services.ts";

export interface RestCall {
  readonly verb: string;
  /** The path with the query, without a slash at its beginning. */
  readonly target: string;
  readonly body: JsonValue | undefined;
}

/** The first rule that can express a request, or `undefined`. */
export function restCall({ rules, desc }: MethodEntry, request: string): RestCall | undefined {
  const { value } = parseJson(request);
  for (const rule of rules) {
    const call = byRule(rule, desc.input, value);
    if (call !== undefined) return call;
  }
  return undefined;
}

function byRule({ verb, path, body }: HttpRule, message: DescMessage, value: JsonValue): RestCall | undefined {
  const taken: string[][] = [];
  let isComplete = true;
  const target = path.slice(1).replace(/\{([\w.]+)(?:=([^}]*))?\}|\*+/g, (_all, names: string | undefined, pattern = "*") => {
    const at = names === undefined ? undefined : keysOf(message, value, names.split("."));
    const text = at === undefined ? undefined : pathText(at.value);
    if (at === undefined || text === undefined || !matches(text, pattern)) {
      isComplete = false;
      return "";
    }
    taken.push(at.keys);
    const parts = pattern === "*" ? [text] : text.split("/");
    return parts.map(encodeURIComponent).join("/");
  });
  if (!isComplete || !isObject(value)) return undefined;
  const rest = taken.reduce<JsonValue>((left, keys) => without(left, keys), value);
  const named = verb === "*" ? "POST" : verb;
  if (body === "*") return isRaw(message) ? undefined : { verb: named, target, body: rest };
  const field = body === undefined ? undefined : fieldOf(message, body);
  if (field !== undefined && isRaw(field.message)) return undefined;
  const bodyKeys = Object.keys(value).filter((key) => field !== undefined && fieldOf(message, key) === field);
  const query = queryOf(message, withoutKeys(rest, new Set(bodyKeys)));
  if (query === undefined) return undefined;
  const ofBody = isObject(rest) && bodyKeys[0] !== undefined ? rest[bodyKeys[0]] : undefined;
  return { verb: named, target: query === "" ? target : `${target}?${query}`, body: ofBody };
}

/** The body of such a message has any type. */
function isRaw(message: DescMessage | undefined): boolean {
  return message?.typeName === "google.api.HttpBody";
}

/** Finds a value by the names of fields. The keys are those of the JSON. */
function keysOf(message: DescMessage, value: JsonValue, names: readonly string[]) {
  let at: JsonValue | undefined = value;
  let type: DescMessage | undefined = message;
  const keys: string[] = [];
  for (const name of names) {
    const field: DescField | undefined = type === undefined ? undefined : fieldOf(type, name);
    const key: string | undefined = isObject(at) ? Object.keys(at).find((one) => type && fieldOf(type, one) === field) : undefined;
    if (field === undefined || key === undefined || !isObject(at)) return undefined;
    keys.push(key);
    at = at[key];
    type = field.message;
  }
  return { keys, value: at };
}

/** Removes a value, and the messages that have nothing else: the path sets them, too. */
function without(value: JsonValue, [key, ...rest]: readonly string[]): JsonValue {
  if (key === undefined || !isObject(value) || value[key] === undefined) return value;
  const inner = rest.length === 0 ? {} : without(value[key], rest);
  return isObject(inner) && Object.keys(inner).length === 0 ? withoutKeys(value, new Set([key])) : withKey(value, key, inner);
}

function pathText(value: JsonValue | undefined): string | undefined {
  return value === undefined || value === null || typeof value === "object" || value === "" ? undefined : String(value);
}

/** Whether the text of a variable has the segments of its pattern, such as `shelves/*`. */
function matches(text: string, pattern: string): boolean {
  // A client or a proxy resolves these segments.
  if (text.split("/").some((segment) => segment === "." || segment === "..")) return false;
  if (pattern === "*") return true;
  const source = pattern
    .split("/")
    .map((segment) => (segment === "**" ? ".*" : segment === "*" ? "[^/]+" : segment.replace(/[^\w]/g, "\\$&")))
    .join("/");
  return new RegExp(`^${source}$`, "s").test(text);
}

/** Fields as query parameters. `undefined` if one has no such form. */
function queryOf(message: DescMessage, value: JsonValue): string | undefined {
  const pairs: string[] = [];
  const add = (name: string, item: JsonValue) => {
    if (typeof item === "object") return false;
    pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(typeof item === "string" ? item : printScalar(item))}`);
    return true;
  };
  const fields = (type: DescMessage, members: JsonValue, prefix: string): boolean =>
    isObject(members) &&
    Object.entries(members).every(([key, item]) => {
      const field = fieldOf(type, key);
      if (field === undefined) return false;
      if (item === null) return true;
      const name = `${prefix}${field.name}`;
      if (field.fieldKind === "list") return isArray(item) && item.every((one) => add(name, one));
      if (field.fieldKind === "map") return isObject(item) && Object.entries(item).every(([entry, one]) => add(`${name}[${entry}]`, one));
      if (field.message === undefined || hasJsonForm(field.message)) return add(name, item);
      // A message that is set, but empty, has no parameter.
      return isObject(item) && Object.keys(item).length > 0 && fields(field.message, item, `${name}.`);
    });
  return fields(message, value, "") ? pairs.join("&") : undefined;
}
