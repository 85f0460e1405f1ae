// Creates the schemas of messages and enums in canonical proto3 JSON. Each is a component; other
// schemas refer to it.
import { type DescEnum, type DescField, type DescFile, type DescMessage, type DescOneof, equals, ScalarType } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { FieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import type { FieldPath } from "../fields/field-path.ts";
import type { Comments } from "./comments.ts";
import {
  addKeywords,
  type Constraints,
  celNotes,
  constraintsOf,
  hasPresence,
  ignoreOf,
  ignoresZero,
  isIgnored,
  isOneofRequired,
  isRequired,
  messageRulesOf,
  nonFinite,
  notZero,
  onlyZero,
  rulesOf,
  zeroJson,
} from "./constraints.ts";
import type { Json, Schema } from "./document.ts";
import { behaviorsOf } from "./field-behavior.ts";
import { describe } from "./text.ts";
import { wellKnownSchema, wrappedScalar } from "./well-known.ts";

export class Schemas {
  /** The components that have been referred to, by name. */
  readonly components: Record<string, Schema>;
  readonly #comments: Comments;
  readonly #fieldNames: "json" | "proto";
  readonly #named: Map<string, DescMessage | DescEnum>;
  /** Whether the schemas include validation rules. */
  readonly #checked: boolean;
  #unchecked: Schemas | undefined;

  /** @param checked creates schemas without rules that share the components of `checked`. */
  constructor(comments: Comments, fieldNames: "json" | "proto", checked?: Schemas) {
    this.#comments = comments;
    this.#fieldNames = fieldNames;
    this.components = checked?.components ?? {};
    this.#named = checked === undefined ? new Map() : checked.#named;
    this.#checked = checked === undefined;
  }

  /**
   * Creates schemas for messages in fields whose rules are ignored: protovalidate does not validate
   * these messages.
   */
  get #withoutRules(): Schemas {
    if (!this.#checked) return this;
    this.#unchecked ??= new Schemas(this.#comments, this.#fieldNames, this);
    return this.#unchecked;
  }

  #rulesOf(field: DescField): FieldRules | undefined {
    return this.#checked ? rulesOf(field) : undefined;
  }

  get fieldNames(): "json" | "proto" {
    return this.#fieldNames;
  }

  /** The schema of a message. */
  ofMessage(message: DescMessage): Schema {
    const scalar = wrappedScalar(message);
    if (scalar !== undefined) return nullable(scalarSchema(scalar));
    const wellKnown = wellKnownSchema(message);
    if (wellKnown === undefined) return this.#refer(message, () => this.#ofFields(message, []));
    return message.typeName === "google.protobuf.Any" ? this.#refer(message, () => wellKnown) : { ...wellKnown };
  }

  /** The schema of a message without the fields that are set elsewhere in the request. */
  ofRest(message: DescMessage, elsewhere: readonly FieldPath[]): Schema {
    return elsewhere.length === 0 ? this.ofMessage(message) : this.#ofFields(message, elsewhere);
  }

  /** The schema of a field, with its rules and description. */
  ofField(field: DescField): Schema {
    const rules = this.#rulesOf(field);
    return this.#described(field, this.#ofValue(field, rules), rules);
  }

  /** Like {@link ofRest}, for the message in a field. */
  ofRestOfField(field: DescField, elsewhere: readonly FieldPath[]): Schema {
    if (field.fieldKind !== "message" || elsewhere.length === 0) return this.ofField(field);
    const rules = this.#rulesOf(field);
    return this.#described(field, this.#ofFields(field.message, elsewhere), rules);
  }

  /** The name of a field in JSON, paths and queries. */
  nameOf(field: DescField): string {
    return this.#fieldNames === "json" ? field.jsonName : field.name;
  }

  #described(field: DescField, schema: Schema, rules: FieldRules | undefined): Schema {
    const { description, ...rest } = schema;
    const notes = rules === undefined ? [] : constraintsOf(field, rules).notes;
    return {
      ...rest,
      ...describe(this.#comments.of(field) ?? description, notes.join(" ")),
      ...(field.deprecated || field.proto.options?.deprecated ? { deprecated: true } : {}),
      ...(behaviorsOf(field).has("OUTPUT_ONLY") ? { readOnly: true } : {}),
      ...(behaviorsOf(field).has("INPUT_ONLY") ? { writeOnly: true } : {}),
    };
  }

  #ofValue(field: DescField, rules: FieldRules | undefined): Schema {
    if (this.#checked && isIgnored(field)) return this.#withoutRules.#ofValue(field, undefined);
    const constraints = rules && constraintsOf(field, rules);
    switch (field.fieldKind) {
      case "list": {
        const items = rules?.type.case === "repeated" ? rules.type.value.items : undefined;
        return withRules(field, { type: "array", items: this.#ofItem(field, items) }, rules, constraints);
      }
      case "map": {
        const { keys, values } = rules?.type.case === "map" ? rules.type.value : {};
        const names = withConstraints(keySchema(field.mapKey), keys && constraintsOf(field, keys));
        const map: Schema = { type: "object", additionalProperties: this.#ofItem(field, values) };
        if (Object.keys(names).length > 0) map.propertyNames = names;
        return withRules(field, map, rules, constraints);
      }
      default:
        return withRules(field, this.#ofSingular(field, constraints), rules, constraints);
    }
  }

  #ofItem(field: DescField, rules: FieldRules | undefined): Schema {
    const ignore = ignoreOf(rules);
    if (ignore === "always") return this.#withoutRules.#ofItem(field, undefined);
    const constraints = rules && constraintsOf(field, rules);
    const constrained = withConstraints(this.#ofSingular(field, constraints), constraints);
    const allowsZero = ignore === "zero" && field.message === undefined && constraints?.allowsZero === false;
    const schema = allowsZero ? { anyOf: [{ const: zeroJson(field) }, constrained] } : constrained;
    return { ...schema, ...describe(schema.description, constraints?.notes.join(" ")) };
  }

  /** The schema of a singular field, or of a list item or map value. */
  #ofSingular(field: DescField, constraints: Constraints | undefined): Schema {
    if (field.enum !== undefined) return this.#ofEnum(field.enum);
    if (field.scalar !== undefined) return scalarSchema(field.scalar, constraints?.nonFinite);
    // A wrapper field has the rules of the wrapped type.
    const scalar = wrappedScalar(field.message);
    return scalar === undefined ? this.ofMessage(field.message) : nullable(scalarSchema(scalar, constraints?.nonFinite));
  }

  #ofFields(message: DescMessage, elsewhere: readonly FieldPath[]): Schema {
    const isElsewhere = (field: DescField) => elsewhere.some((path) => path.length === 1 && path[0] === field);
    const fields = message.fields.filter((field) => !isElsewhere(field));
    const below = (field: DescField) =>
      elsewhere.filter(([first]) => first === field).flatMap(([, ...rest]) => (isPath(rest) ? [rest] : []));
    const required = fields.filter((field) => this.#checked && isRequired(field)).map((field) => this.nameOf(field));
    const rules = this.#checked ? messageRulesOf(message) : undefined;
    const choices = [
      ...message.oneofs.map((oneof) => ({ all: oneof.fields, required: this.#checked && isOneofRequired(oneof), oneof })),
      ...(rules?.oneof ?? []).map((rule) => ({
        all: message.fields.filter(({ name }) => rule.fields.includes(name)),
        required: rule.required,
        oneof: undefined,
      })),
    ].flatMap(({ all, required, oneof }): Choice | [] => {
      const here = all.filter((field) => fields.includes(field));
      return here.length === 0 ? [] : { fields: here, required: required && here.length === all.length, oneof };
    });
    let schema: Schema = { type: "object", ...describe(...this.#messageNotes(message, choices), ...(rules ? celNotes(rules) : [])) };
    if (message.proto.options?.deprecated) schema.deprecated = true;
    schema.properties = Object.fromEntries(fields.map((field) => [this.nameOf(field), this.ofRestOfField(field, below(field))]));
    if (required.length > 0) schema.required = required;
    for (const choice of choices) schema = addKeywords(schema, this.#choiceKeywords(choice));
    return schema;
  }

  *#messageNotes(message: DescMessage, choices: readonly Choice[]): Iterable<string | undefined> {
    yield this.#comments.of(message);
    for (const { fields, required, oneof } of choices) {
      const names = fields.map((field) => `\`${this.nameOf(field)}\``).join(", ");
      const comment = oneof && this.#comments.of(oneof);
      yield `${required ? "Exactly" : "At most"} one of ${names}${comment === undefined ? "." : `: ${comment}`}`;
    }
  }

  /** Each field of a choice excludes those after it. */
  #choiceKeywords({ fields, required }: Choice): Schema {
    const names = fields.map((field) => this.nameOf(field));
    const keywords: Schema = {};
    if (names.length > 1) {
      keywords.dependentSchemas = Object.fromEntries(
        names.slice(0, -1).map((name, index) => [name, { not: { anyOf: names.slice(index + 1).map((other) => ({ required: [other] })) } }]),
      );
    }
    if (required) keywords.anyOf = names.map((name) => ({ required: [name] }));
    return keywords;
  }

  #ofEnum(desc: DescEnum): Schema {
    if (desc.typeName === "google.protobuf.NullValue") return { type: "null" };
    return this.#refer(desc, () => {
      const values = desc.values.map((value) => [value.jsonName, this.#comments.of(value)] as const);
      const lines = values.flatMap(([name, comment]) => (comment === undefined ? [] : `- \`${name}\`: ${comment.replace(/\s+/g, " ")}`));
      const named: Schema = { type: "string", enum: values.map(([name]) => name) };
      // Unknown values of an open enum are numbers.
      const all: Schema = desc.open ? { anyOf: [named, { type: "integer", format: "int32" }] } : named;
      const schema: Schema = { ...all, ...describe(this.#comments.of(desc), lines.join("\n")) };
      return desc.proto.options?.deprecated ? { ...schema, deprecated: true } : schema;
    });
  }

  /**
   * Refers to a component, and creates it at the first reference. The name is reserved first,
   * because a message may refer to itself.
   */
  #refer(desc: DescMessage | DescEnum, make: () => Schema): Schema {
    const name = `${this.#componentName(desc)}${this.#checked || desc.kind === "enum" ? "" : ".Unchecked"}`;
    if (!(name in this.components)) {
      this.components[name] = {};
      this.components[name] = make();
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  /**
   * The full name, with a suffix if files without a package or from several upstreams define
   * different types of that name.
   */
  #componentName(desc: DescMessage | DescEnum): string {
    for (let index = 1; ; index++) {
      const name = index === 1 ? desc.typeName : `${desc.typeName}_${index}`;
      const other = this.#named.get(name);
      if (other === undefined) this.#named.set(name, desc);
      if (other === undefined || other === desc || isSameFile(other.file, desc.file)) return name;
    }
  }
}

interface Choice {
  readonly fields: readonly DescField[];
  readonly required: boolean;
  readonly oneof: DescOneof | undefined;
}

function isPath(path: readonly DescField[]): path is FieldPath {
  return path.length > 0;
}

function isSameFile(one: DescFile, other: DescFile): boolean {
  return one.proto.name === other.proto.name && equals(FileDescriptorProtoSchema, one.proto, other.proto);
}

/** Adds the rules of a field to a schema: constraints on the value, and whether zero is valid. */
function withRules(field: DescField, schema: Schema, rules: FieldRules | undefined, constraints: Constraints | undefined): Schema {
  if (rules === undefined || constraints === undefined) return schema;
  const constrained = withConstraints(schema, constraints);
  if (ignoresZero(field, rules) && !constraints.allowsZero) return { anyOf: [onlyZero(field), constrained] };
  return rules.required && !hasPresence(field) && constraints.allowsZero ? addKeywords(constrained, notZero(field)) : constrained;
}

function withConstraints(schema: Schema, constraints: Constraints | undefined): Schema {
  if (constraints === undefined) return schema;
  const { keywords } = constraints;
  // The schema of a floating-point number is a choice of finite numbers and strings.
  const [finite, ...others] = schema.anyOf ?? [];
  if (finite?.type === "number") {
    const { examples, ...bounds } = keywords;
    return { anyOf: [addKeywords(finite, bounds), ...others], ...(examples ? { examples } : {}) };
  }
  // The pattern in the rules replaces the default one of a 64-bit integer, which is wider.
  const { pattern, ...rest } = schema;
  const narrowed = pattern !== undefined && keywords.pattern !== undefined ? rest : schema;
  return addKeywords(narrowed, isNullable(schema) ? allowNull(keywords) : keywords);
}

function isNullable({ type }: Schema): boolean {
  return Array.isArray(type) && type.includes("null");
}

function allowNull({ const: only, enum: values, ...keywords }: Schema): Schema {
  const some: readonly Json[] | undefined = values ?? (only === undefined ? undefined : [only]);
  return some === undefined ? keywords : { ...keywords, enum: [...some, null] };
}

function nullable(schema: Schema): Schema {
  if (schema.anyOf !== undefined) return { ...schema, anyOf: [...schema.anyOf, { type: "null" }] };
  return { ...schema, type: [...[schema.type ?? []].flat(), "null"] };
}

/** @param others the valid numbers among `nonFinite`. */
function scalarSchema(scalar: ScalarType, others: readonly string[] = nonFinite): Schema {
  switch (scalar) {
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT: {
      const finite: Schema = { type: "number", format: scalar === ScalarType.FLOAT ? "float" : "double" };
      return others.length === 0 ? finite : { anyOf: [finite, { type: "string", enum: [...others] }] };
    }
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return { type: "integer", format: "int32" };
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: "integer", format: "uint32", minimum: 0 };
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return { type: "string", format: "int64", pattern: "^-?[0-9]+$" };
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { type: "string", format: "uint64", pattern: "^[0-9]+$" };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BYTES:
      return { type: "string", contentEncoding: "base64" };
  }
}

/** JSON represents map keys as strings. */
function keySchema(key: ScalarType): Schema {
  const { type, pattern, minimum } = scalarSchema(key);
  if (type === "boolean") return { enum: ["true", "false"] };
  if (type === "integer") return { pattern: minimum === undefined ? "^-?[0-9]+$" : "^[0-9]+$" };
  return pattern === undefined ? {} : { pattern };
}
