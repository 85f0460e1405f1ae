// The client side of a google.api.http rule, as google/api/http.proto describes it: encodes a
// message as the path, query and body of a request.
import { type DescField, type DescMessage, type JsonObject, type JsonValue, type Message, type Registry, toJson } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { Binding, BoundVariable } from "../src/http-rule/rule.ts";

export interface EncodedRequest {
  readonly method: string;
  readonly path: string;
  /** The query without its question mark. */
  readonly query: string;
  readonly body: string | undefined;
}

/** Encodes a message. Returns `undefined` if the rule cannot express it. */
export function encodeRequest(binding: Binding, message: Message, registry?: Registry): EncodedRequest | undefined {
  const { template, variables, body, verb } = binding;
  const desc = binding.method.input;
  const segments: string[] = template.segments.map((segment) =>
    typeof segment === "string" ? segment : encodeURIComponent(segment.literal),
  );
  // Starts at the end, because each variable may change the number of segments.
  for (const variable of variables.toReversed()) {
    const { start, end = template.segments.length } = variable;
    const text = textAt(desc, message, variable);
    if (text === undefined) return undefined;
    const expanded = variable.multiple ? encode(text, /[^-_.~/0-9a-zA-Z]/gu) : encode(text, /[^-_.~0-9a-zA-Z]/gu);
    const values = variable.multiple ? expanded.split("/") : [expanded];
    if (!matches(template.segments.slice(start, end), variable.multiple && expanded === "" ? [] : values)) return undefined;
    segments.splice(start, end - start, ...(expanded === "" && variable.multiple ? [] : values));
  }
  if (segments.includes("*") || segments.includes("**")) return undefined;
  // The server decides in the opposite direction: it checks whether the text after a colon is a
  // known verb.
  const path = `/${segments.join("/")}${template.verb === undefined ? "" : `:${encodeURIComponent(template.verb)}`}`;

  const json = toJson(desc, message, registry && { registry }) as JsonObject;
  for (const { path: fields } of variables) remove(json, fields);
  let text: string | undefined;
  if (body === "*") text = JSON.stringify(json);
  else if (body !== undefined) {
    text = JSON.stringify(json[body.jsonName] ?? null);
    if (json[body.jsonName] === undefined) text = undefined;
    delete json[body.jsonName];
  }
  const parameters: [string, string][] = [];
  if (body !== "*" && !addParameters(parameters, desc, json, "")) return undefined;
  const query = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
  return { method: verb, path, query, body: text };
}

function encode(text: string, characters: RegExp): string {
  return text.replace(characters, (character) =>
    [...new TextEncoder().encode(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

function matches(pattern: Binding["template"]["segments"], values: readonly string[]): boolean {
  const deep = pattern.indexOf("**");
  if (deep < 0) return pattern.length === values.length && pattern.every((segment, index) => fits(segment, values[index]));
  const tail = pattern.slice(deep + 1);
  if (values.length < pattern.length - 1) return false;
  const head = pattern.slice(0, deep);
  const rest = tail.length === 0 ? [] : values.slice(-tail.length);
  return head.every((segment, index) => fits(segment, values[index])) && tail.every((segment, index) => fits(segment, rest[index]));
}

function fits(segment: Binding["template"]["segments"][number], value: string | undefined): boolean {
  return typeof segment === "string" || (value !== undefined && decodeURIComponent(value) === segment.literal);
}

/** The text of a variable's field, or of its default value if it is unset. */
function textAt(desc: DescMessage, message: Message, { path }: BoundVariable): string | undefined {
  let reflected = reflect(desc, message);
  for (const field of path.slice(0, -1)) {
    if (field.fieldKind !== "message") return undefined;
    reflected = reflected.get(field);
  }
  const leaf = path[path.length - 1] ?? path[0];
  if (leaf.fieldKind === "enum") {
    const number = reflected.get(leaf);
    return leaf.enum.value[number]?.name ?? String(number);
  }
  const json = toJson(reflected.desc, reflected.message) as JsonObject;
  const value = json[leaf.jsonName];
  if (value !== undefined) return textOf(leaf, value);
  if (leaf.fieldKind !== "scalar" || leaf.oneof !== undefined) return undefined;
  return typeof reflected.get(leaf) === "string" || reflected.get(leaf) instanceof Uint8Array ? "" : String(reflected.get(leaf));
}

/** Removes a field, and the messages around it that become empty. */
function remove(json: JsonObject, [field, ...rest]: readonly DescField[]): void {
  if (field === undefined) return;
  const inner = json[field.jsonName];
  if (rest.length === 0) delete json[field.jsonName];
  else if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) {
    remove(inner, rest);
    if (Object.keys(inner).length === 0) delete json[field.jsonName];
  }
}

/** Returns false if a query cannot express the message. */
function addParameters(parameters: [string, string][], desc: DescMessage, json: JsonObject, prefix: string): boolean {
  return desc.fields.every((field) => {
    const value = json[field.jsonName];
    return value === undefined || addParameter(parameters, field, value, prefix + field.name);
  });
}

function addParameter(parameters: [string, string][], field: DescField, value: JsonValue, name: string): boolean {
  switch (field.fieldKind) {
    case "list":
      if (field.listKind === "message" && !isText(field.message)) return false;
      for (const one of value as JsonValue[]) parameters.push([name, textOf(field, one)]);
      return true;
    case "map":
      if (field.mapKind === "message" && !isText(field.message)) return false;
      for (const [key, one] of Object.entries(value as JsonObject)) parameters.push([`${name}[${key}]`, textOf(field, one)]);
      return true;
    case "message":
      if (!isText(field.message)) {
        const inner = value as JsonObject;
        if (field.message.typeName.startsWith("google.protobuf.")) return false;
        // A query cannot express an empty message.
        return Object.keys(inner).length > 0 && addParameters(parameters, field.message, inner, `${name}.`);
      }
  }
  parameters.push([name, textOf(field, value)]);
  return true;
}

const texts = /^google\.protobuf\.(?:Timestamp|Duration|FieldMask|\w*Value|Struct)$/;

function isText({ typeName }: DescMessage): boolean {
  return texts.test(typeName);
}

function textOf(field: DescField, value: JsonValue): string {
  const typeName = "message" in field ? field.message?.typeName : undefined;
  if (typeName !== undefined && /\.(?:Value|ListValue|Struct)$/.test(typeName)) return JSON.stringify(value);
  // The only value of google.protobuf.NullValue.
  return value === null ? "NULL_VALUE" : String(value);
}
