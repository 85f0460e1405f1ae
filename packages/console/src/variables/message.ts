// Variables in a message: in its strings, and as whole values of other types.
import type { DescField, DescMessage, Registry } from "@bufbuild/protobuf";
import { type JsonNode, JsonSyntaxError, type JsonValue, parseJson } from "../json/parse.ts";
import { type Fault, fieldOf, hasJsonForm, type Path } from "../schema/check.ts";
import { scalarKind, wrapped } from "../schema/scalars.ts";
import { substitute, type Values, wholeVariable } from "./substitute.ts";

/** A message whose variables have their values. */
export interface ResolvedMessage {
  /** The JSON to send. Apart from variables, it is the original, so that no digit of a number is lost. */
  readonly text: string;
  readonly value: JsonValue;
  /** A fault for each unknown variable. */
  readonly faults: readonly Fault[];
  /** Where the value of a variable is a whole value. Its own parts have no place in the original. */
  readonly wholes: readonly Path[];
}

/**
 * Replaces the variables of a parsed message.
 *
 * @param isPartial whether the known variables of a string are replaced if others of it are unknown. They
 *   keep their names.
 */
export function resolveMessage(
  text: string,
  node: JsonNode,
  message: DescMessage,
  registry: Registry,
  values: Values,
  isPartial = false,
): ResolvedMessage {
  // A quick look first: most messages have no variables.
  if (!text.includes("{{")) return { text, value: node.value, faults: [], wholes: [] };
  const resolver = new Resolver(registry, values, isPartial);
  resolver.message(message, node, []);
  let resolved = "";
  let at = 0;
  for (const edit of resolver.edits) {
    resolved += text.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  resolved += text.slice(at);
  return { text: resolved, value: parseJson(resolved).value, faults: resolver.faults, wholes: resolver.wholes };
}

/** Whether a string takes the place of a variable, or the JSON that is its value. */
type Expected = "text" | "other";

class Resolver {
  readonly edits: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  readonly faults: Fault[] = [];
  readonly wholes: Path[] = [];
  readonly #registry: Registry;
  readonly #values: Values;
  readonly #isPartial: boolean;

  constructor(registry: Registry, values: Values, isPartial: boolean) {
    this.#registry = registry;
    this.#values = values;
    this.#isPartial = isPartial;
  }

  message(message: DescMessage, node: JsonNode, path: Path): void {
    const inner = wrapped(message);
    if (inner !== undefined) this.#value(expectedOf(inner), node, path);
    else if (message.typeName === "google.protobuf.Any") this.#any(node, path);
    else if (hasJsonForm(message)) this.#value("text", node, path);
    else if (node.members === undefined) this.#value("other", node, path);
    else this.#fields(message, node, path);
  }

  #fields(message: DescMessage, node: JsonNode, path: Path): void {
    for (const { key, node: member } of node.members ?? []) {
      const field = fieldOf(message, key);
      const at = [...path, key];
      if (field === undefined) this.#value("text", member, at);
      else if (field.fieldKind === "list" && member.items !== undefined) {
        for (const [index, item] of member.items.entries()) this.#element(field, item, [...at, index]);
      } else if (field.fieldKind === "map" && member.members !== undefined) {
        for (const entry of member.members) this.#element(field, entry.node, [...at, entry.key]);
      } else if (field.fieldKind === "list" || field.fieldKind === "map") this.#value("other", member, at);
      else this.#element(field, member, at);
    }
  }

  #element(field: DescField, node: JsonNode, path: Path): void {
    if (field.message !== undefined) this.message(field.message, node, path);
    else this.#value(expectedOf(field), node, path);
  }

  #any(node: JsonNode, path: Path): void {
    const type = node.members?.find(({ key }) => key === "@type")?.node.value;
    const message = typeof type === "string" ? this.#registry.getMessage(type.slice(type.lastIndexOf("/") + 1)) : undefined;
    if (message === undefined) this.#value("text", node, path);
    else if (hasJsonForm(message)) {
      for (const { key, node: member } of node.members ?? []) if (key === "value") this.message(message, member, [...path, key]);
    } else this.#fields(message, node, path);
  }

  #value(expected: Expected, node: JsonNode, path: Path): void {
    for (const [index, item] of node.items?.entries() ?? []) this.#value("text", item, [...path, index]);
    for (const { key, node: member } of node.members ?? []) this.#value("text", member, [...path, key]);
    if (typeof node.value !== "string" || !node.value.includes("{{")) return;
    const { text, unknown } = substitute(node.value, this.#values);
    for (const name of unknown) this.faults.push({ path, key: "unknownVariable", values: [name], ofKey: false });
    if (unknown.length > 0 && !this.#isPartial) return;
    const isWhole = expected !== "text" && wholeVariable(node.value) !== undefined;
    if (isWhole) this.wholes.push(path);
    this.edits.push({ from: node.from, to: node.to, text: isWhole && isJson(text) ? text.trim() : JSON.stringify(text) });
  }
}

/** Numbers of 64 bits are strings in JSON, too, but may be numbers. */
function expectedOf(field: DescField): Expected {
  if (field.enum !== undefined) return "text";
  const kind = field.scalar === undefined ? "string" : scalarKind(field.scalar);
  return kind === "string" || kind === "bytes" ? "text" : "other";
}

function isJson(text: string): boolean {
  try {
    parseJson(text);
    return true;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}

/** The faults of a resolved message at their places in the original, one for each whole value. */
export function atOriginalPlaces(faults: readonly Fault[], wholes: readonly Path[]): readonly Fault[] {
  const placed = new Set<Path>();
  return faults.flatMap((fault) => {
    const whole = wholes.find((path) => path.length < fault.path.length && path.every((part, index) => part === fault.path[index]));
    if (whole === undefined) return fault;
    if (placed.has(whole)) return [];
    placed.add(whole);
    return { ...fault, path: whole, ofKey: false };
  });
}
