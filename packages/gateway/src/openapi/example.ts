// Creates an example request for a binding from its descriptor and rules, and validates it.
import { create, type DescField, type DescMessage, hasOption, type JsonObject, type JsonValue, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import * as validate from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { type JsonOptions, jsonCodec } from "@grpc-study/codec/json";
import { textAssigner } from "../fields/assign-text.ts";
import { type FieldPath, formatPath } from "../fields/field-path.ts";
import { textParser } from "../fields/parse-text.ts";
import type { Binding } from "../http-rule/rule.ts";
import { withKnownTypes } from "../known-types.ts";
import { isIgnored, isOneofRequired, isRequired, messageRulesOf, rulesOf } from "./constraints.ts";
import { behaviorsOf } from "./field-behavior.ts";
import { sampleEnum, sampleScalar, sampleWellKnown } from "./sample-value.ts";

/** An example request. */
export interface Example {
  /** The text for each wildcard of the path, in order. */
  readonly wildcards: readonly string[];
  /** Required query parameters, by field path. */
  readonly query: ReadonlyMap<string, JsonValue>;
  /** `undefined` without a body, or if the body is not JSON. */
  readonly body: JsonValue | undefined;
}

/** Maximum nesting depth of messages in an example. */
const maxDepth = 3;
/** Maximum number of fields in an example. */
const maxFields = 60;
/** Maximum number of attempts to omit an invalid field. */
const maxRepairs = 30;

const validator = createValidator();

/** An example request for a binding. Returns `undefined` if none satisfies the rules. */
export function exampleOf(binding: Binding, fieldNames: "json" | "proto"): Example | undefined {
  const { method, variables, template } = binding;
  const wildcards = template.segments.flatMap((segment, index) => {
    if (typeof segment !== "string") return [];
    const variable = variables.find(({ start, end = Number.POSITIVE_INFINITY }) => start <= index && index < end);
    return {
      index,
      field: variable && variable.end !== undefined && variable.end - variable.start > 1 ? undefined : variable?.path.at(-1),
    };
  });
  const texts = wildcards.map(({ field }) => (field === undefined ? "text" : textOf(field)));
  for (const optional of [true, false]) {
    const draft = new Draft(binding, optional);
    for (let repairs = 0; repairs < maxRepairs; repairs++) {
      let message: Message;
      try {
        message = draft.message();
        for (const { path, start, end } of variables) assignText(path, message, binding, texts, start, end);
      } catch {
        break;
      }
      const violations = violationsOf(method.input, message);
      if (violations.length === 0) return split(message, binding, texts, fieldNames);
      if (!violations.map((violation) => draft.omit(violation)).includes(true)) break;
    }
  }
  return undefined;
}

/** The sample value of a field as text in a path. */
function textOf(field: DescField): string {
  const rules = rulesOf(field);
  if (field.enum !== undefined) return String(field.enum.value[sampleEnum(field, rules)]?.name ?? 0);
  if (field.scalar !== undefined) {
    const value = sampleScalar(field.scalar, rules);
    return value instanceof Uint8Array ? Buffer.from(value).toString("base64url") : String(value);
  }
  const value = field.message && sampleWellKnown(field.message.typeName, rules);
  return value === undefined ? "text" : String(jsonCodecOf(field.message).print(value)).replace(/^"|"$/g, "");
}

const jsonCodecOf = (message: DescMessage) => jsonCodec(message);

function assignText(
  path: FieldPath,
  message: Message,
  { template }: Binding,
  wildcards: readonly string[],
  start: number,
  end: number | undefined,
): void {
  let next = template.segments.slice(0, start).filter((segment) => typeof segment === "string").length;
  const text = template.segments
    .slice(start, end)
    .map((segment) => (typeof segment === "string" ? (wildcards[next++] ?? "") : segment.literal));
  textAssigner(path)?.(message, text.join("/"));
}

function violationsOf(desc: DescMessage, message: Message): readonly Violation[] {
  if (!hasRules(desc)) return [];
  const result = validator.validate(desc, message);
  if (result.kind === "error") throw result.error;
  return result.kind === "invalid" ? result.violations : [];
}

const ruled = new WeakMap<DescMessage, boolean>();

/** Whether a message, or one that it contains, has rules. Creating a validator takes time. */
function hasRules(desc: DescMessage): boolean {
  const known = ruled.get(desc);
  if (known !== undefined) return known;
  const reached = new Set([desc]);
  for (const message of reached) {
    if (hasOwnRules(message)) {
      ruled.set(desc, true);
      return true;
    }
    for (const { message: inner } of message.fields) if (inner !== undefined && ruled.get(inner) !== false) reached.add(inner);
  }
  // All reachable messages have been checked.
  for (const message of reached) ruled.set(message, false);
  return false;
}

function hasOwnRules(desc: DescMessage): boolean {
  return (
    hasOption(desc, validate.message) ||
    desc.oneofs.some((oneof) => hasOption(oneof, validate.oneof)) ||
    desc.fields.some((field) => hasOption(field, validate.field))
  );
}

/** Creates a message, and creates it again without the fields that violate a rule. */
class Draft {
  readonly #binding: Binding;
  readonly #optional: boolean;
  /** Paths of omitted fields. */
  readonly #omitted = new Set<string>();
  /** Paths of messages that only contain required fields. */
  readonly #requiredOnly = new Set<string>();
  #count = 0;

  /** @param optional whether the message includes optional fields. */
  constructor(binding: Binding, optional: boolean) {
    this.#binding = binding;
    this.#optional = optional;
  }

  message(): Message {
    this.#count = 0;
    return this.#fill(this.#binding.method.input, [], []);
  }

  /**
   * Omits the field of a violation. For a message, first omits its optional fields. Returns whether
   * anything changed.
   */
  omit({ field }: Violation): boolean {
    const fields = field.filter((part) => part.kind === "field");
    const path = fields.map(({ name }) => name).join(".");
    const isMessage = fields.length === 0 || fields.at(-1)?.fieldKind === "message";
    const from = isMessage && !this.#requiredOnly.has(path) ? this.#requiredOnly : this.#omitted;
    if (from.has(path) || (from === this.#omitted && path === "")) return false;
    from.add(path);
    return true;
  }

  #fill(desc: DescMessage, above: readonly DescField[], within: readonly DescMessage[]): Message {
    const message = reflect(desc, create(desc));
    const excluded = new Set<DescField>();
    for (const field of desc.fields) {
      if (excluded.has(field) || !this.#wants(field, above)) continue;
      const path = [...above, field];
      if (this.#omitted.has(pathOf(path)) || (this.#requiredOnly.has(pathOf(above)) && !isNeeded(field) && path.length > 1)) continue;
      if (!this.#set(message, field, path, [...within, desc])) continue;
      for (const other of alternativesOf(field)) excluded.add(other);
    }
    return message.message;
  }

  /**
   * Whether the example sets the field: most fields of the body, but only required ones of the
   * query.
   */
  #wants(field: DescField, above: readonly DescField[]): boolean {
    const { body, variables } = this.#binding;
    if (behaviorsOf(field).has("OUTPUT_ONLY")) return false;
    const path = [...above, field];
    // The path sets it.
    if (variables.some((variable) => variable.path.length === path.length && variable.path.every((one, index) => one === path[index])))
      return false;
    const inBody = body === "*" || path[0] === body;
    if (!inBody) return isNeeded(field);
    if (path.length === 1 && field === body) return true;
    if (isNeeded(field)) return true;
    const isPlain = !field.deprecated && !isIgnored(field) && field.fieldKind !== "map";
    return this.#optional && isPlain && this.#count < maxFields;
  }

  #set(message: ReturnType<typeof reflect>, field: DescField, path: readonly DescField[], within: readonly DescMessage[]): boolean {
    const rules = rulesOf(field);
    this.#count++;
    switch (field.fieldKind) {
      case "list": {
        const { items, minItems = 0n } = rules?.type.case === "repeated" ? rules.type.value : {};
        const list = message.get(field);
        for (let index = 0; index < Math.max(1, Number(minItems)); index++) {
          const value = this.#value(field, items, path, within, index);
          if (value !== undefined) list.add(value);
        }
        return list.size > 0;
      }
      case "map": {
        const { keys, values, minPairs = 1n } = rules?.type.case === "map" ? rules.type.value : {};
        const map = message.get(field);
        for (let index = 0; index < Math.max(1, Number(minPairs)); index++) {
          const value = this.#value(field, values, path, within, index);
          if (value !== undefined) map.set(sampleScalar(field.mapKey, keys, index), value);
        }
        return map.size > 0;
      }
      default: {
        const value = this.#value(field, rules, path, within, 0);
        if (value === undefined) return false;
        message.set(field, value);
        return true;
      }
    }
  }

  /** A sample value of a field, or of an item of it. */
  #value(
    field: DescField,
    rules: validate.FieldRules | undefined,
    path: readonly DescField[],
    within: readonly DescMessage[],
    index: number,
  ): unknown {
    if (field.enum !== undefined) return sampleEnum(field, rules);
    if (field.scalar !== undefined) return sampleScalar(field.scalar, rules, index);
    const { message } = field;
    const wrapped = /^google\.protobuf\.\w+Value$/.test(message.typeName) ? message.fields[0] : undefined;
    if (wrapped?.scalar !== undefined) {
      const wrapper = reflect(message, create(message));
      wrapper.set(wrapped, sampleScalar(wrapped.scalar, rules, index));
      return wrapper;
    }
    const known = sampleWellKnown(message.typeName, rules);
    if (known !== undefined) return reflect(message, known);
    const needed = isNeeded(field) || (path.length === 1 && field === this.#binding.body);
    if (message.typeName.startsWith("google.protobuf.") && message.typeName !== "google.protobuf.Empty")
      return needed ? reflect(message) : undefined;
    if (!needed && (within.length >= maxDepth || within.includes(message))) return undefined;
    if (within.length > 2 * maxDepth) return undefined;
    return reflect(message, this.#fill(message, path, within));
  }
}

function pathOf(path: readonly DescField[]): string {
  return path.map(({ name }) => name).join(".");
}

/** Whether a request must set the field. Of a required oneof, this is the first field. */
function isNeeded(field: DescField): boolean {
  const { oneof } = field;
  if (oneof !== undefined && isOneofRequired(oneof) && oneof.fields[0] === field) return true;
  const group = messageRulesOf(field.parent)?.oneof.find(({ fields }) => fields.includes(field.name));
  return (group?.required && group.fields[0] === field.name) || isRequired(field);
}

/** The fields that cannot be set together with a field. */
function alternativesOf(field: DescField): readonly DescField[] {
  const groups = messageRulesOf(field.parent)?.oneof.filter(({ fields }) => fields.includes(field.name)) ?? [];
  const named = field.parent.fields.filter(({ name }) => groups.some(({ fields }) => fields.includes(name)));
  return [...(field.oneof?.fields ?? []), ...named].filter((other) => other !== field);
}

function split(message: Message, binding: Binding, wildcards: readonly string[], fieldNames: "json" | "proto"): Example {
  const { method, body, variables } = binding;
  const options: JsonOptions = { fieldNames, fallbacks: true, registry: withKnownTypes() };
  const json: JsonObject = JSON.parse(jsonCodec(method.input, options).print(message));
  const query = new Map<string, JsonValue>();
  if (body !== "*") collectQuery(json, method.input, [], binding, query, fieldNames);
  for (const { path } of variables) remove(json, path, fieldNames);
  const value = body === "*" ? json : body && json[nameOf(body, fieldNames)];
  return { wildcards, query, body: value };
}

function nameOf(field: DescField, fieldNames: "json" | "proto"): string {
  return fieldNames === "json" ? field.jsonName : field.name;
}

function remove(json: JsonObject, [field, ...below]: readonly DescField[], fieldNames: "json" | "proto"): void {
  if (field === undefined) return;
  const name = nameOf(field, fieldNames);
  const value = json[name];
  if (below.length === 0) delete json[name];
  else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    remove(value, below, fieldNames);
    if (Object.keys(value).length === 0) delete json[name];
  }
}

/** Collects the query parameters of a message. */
function collectQuery(
  json: JsonObject,
  message: DescMessage,
  above: readonly DescField[],
  { body, variables }: Pick<Binding, "body" | "variables">,
  query: Map<string, JsonValue>,
  fieldNames: "json" | "proto",
): void {
  for (const field of message.fields) {
    const value = json[nameOf(field, fieldNames)];
    const path = [...above, field];
    const name = pathOf(path);
    if (value === undefined || (above.length === 0 && field === body)) continue;
    if (variables.some((variable) => formatPath(variable.path) === name)) continue;
    if (textParser(field) !== undefined) query.set(name, value);
    else if (field.fieldKind === "message" && typeof value === "object" && value !== null && !Array.isArray(value)) {
      collectQuery(value, field.message, path, { body, variables }, query, fieldNames);
    }
  }
}
