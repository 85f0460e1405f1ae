// Leaves the values of secrets out of what the browser stores, and of links and copies.
import type { Metadata } from "../call/types.ts";
import { type JsonNode, JsonSyntaxError, parseJson } from "../json/parse.ts";
import { environments } from "./environments.ts";

/** Replaces the values of secrets in a text by the names of their variables. */
export function withoutSecrets(text: string): string {
  return hider()?.(text) ?? text;
}

/** Replaces them in the strings of JSON. Its names and numbers stay, so that it is still a message of its type. */
export function jsonWithoutSecrets(json: string): string {
  const hide = hider();
  if (hide === undefined) return json;
  let hidden = "";
  let at = 0;
  try {
    for (const { value, from, to } of strings(parseJson(json))) {
      const text = hide(value);
      if (text === value) continue;
      hidden += json.slice(at, from) + JSON.stringify(text);
      at = to;
    }
  } catch (error) {
    if (error instanceof JsonSyntaxError) return hide(json);
    throw error;
  }
  return hidden + json.slice(at);
}

export function metadataWithoutSecrets(metadata: Metadata): Metadata {
  return metadata.map(([key, value]) => [key, withoutSecrets(value)]);
}

/** `undefined` if there are no secrets. */
function hider(): ((text: string) => string) | undefined {
  const names = new Map<string, string>();
  for (const { variables } of environments.value) {
    for (const { name, value, secret } of variables) {
      // A string may have JSON in it.
      if (secret && value !== "") for (const form of [JSON.stringify(value).slice(1, -1), value]) names.set(form, name);
    }
  }
  if (names.size === 0) return undefined;
  // One secret may be a part of another one, or of the name of a variable.
  const forms = [...names.keys()]
    .sort((one, other) => other.length - one.length)
    .map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const pattern = new RegExp(`\\{\\{\\s*[A-Za-z_][\\w.-]{0,63}\\s*\\}\\}|${forms.join("|")}`, "g");
  return (text) =>
    text.replace(pattern, (found) => {
      const name = names.get(found);
      return name === undefined ? found : `{{${name}}}`;
    });
}

/** The strings that are values, and no names, in the order of the text. */
function* strings(node: JsonNode): Generator<JsonNode & { readonly value: string }, void, undefined> {
  for (const item of node.items ?? []) yield* strings(item);
  for (const { node: member } of node.members ?? []) yield* strings(member);
  if (isString(node)) yield node;
}

/** An integer that a number cannot represent has a string for its value, too. */
function isString(node: JsonNode): node is JsonNode & { readonly value: string } {
  return typeof node.value === "string" && node.to - node.from >= node.value.length + 2;
}
