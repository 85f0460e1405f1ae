// Converts the rules of protovalidate (buf.validate) to JSON Schema keywords, and to text where no
// keyword exists.

import {
  type DescField,
  type DescMessage,
  type DescOneof,
  getOption,
  hasOption,
  type Message,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { type Duration, DurationSchema, FeatureSet_FieldPresence, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import * as validate from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { shortestFloat32 } from "@grpc-study/codec/float32";
import { is64Bit } from "../fields/field-path.ts";
import type { Json, Schema } from "./document.ts";
import { behaviorsOf } from "./field-behavior.ts";

/** The constraints that the rules of a field put on its value. */
export interface Constraints {
  /**
   * Keywords for the schema of the type. For floating-point numbers, for the schema of finite ones.
   */
  readonly keywords: Schema;
  /** Sentences for constraints without a keyword. */
  readonly notes: readonly string[];
  /** Whether an unset field without presence is valid. */
  readonly allowsZero: boolean;
  /** The numbers among `nonFinite` that are valid. */
  readonly nonFinite: readonly string[];
}

/** The numbers that JSON represents as strings. */
export const nonFinite = ["NaN", "Infinity", "-Infinity"] as const;

const unconstrained: Constraints = { keywords: {}, notes: [], allowsZero: true, nonFinite };

/** The rules of a field. Returns `undefined` without rules, or if they are ignored. */
export function rulesOf(field: DescField): validate.FieldRules | undefined {
  if (!hasOption(field, validate.field)) return undefined;
  const rules = getOption(field, validate.field);
  return rules.ignore === validate.Ignore.ALWAYS ? undefined : rules;
}

/** Whether the field and the message in it are not validated. */
export function isIgnored(field: DescField): boolean {
  return hasOption(field, validate.field) && getOption(field, validate.field).ignore === validate.Ignore.ALWAYS;
}

/** Whether the rules for list items or map values are ignored, always or for zero values. */
export function ignoreOf(rules: validate.FieldRules | undefined): "always" | "zero" | undefined {
  if (rules?.ignore === validate.Ignore.ALWAYS) return "always";
  return rules?.ignore === validate.Ignore.IF_ZERO_VALUE ? "zero" : undefined;
}

/** Whether the field distinguishes unset from zero. */
export function hasPresence(field: DescField): boolean {
  return field.fieldKind !== "list" && field.fieldKind !== "map" && field.presence !== FeatureSet_FieldPresence.IMPLICIT;
}

/** Whether a zero value counts as unset, so that the rules do not apply to it. */
export function ignoresZero(field: DescField, rules: validate.FieldRules): boolean {
  if (hasPresence(field)) return false;
  if (rules.ignore === validate.Ignore.IF_ZERO_VALUE) return true;
  // protovalidate defines this for MessageRules.oneof.
  return messageRulesOf(field.parent)?.oneof.some(({ fields }) => fields.includes(field.name)) ?? false;
}

/** Whether a request must set the field, by its rules or its google.api.field_behavior. */
export function isRequired(field: DescField): boolean {
  const behaviors = behaviorsOf(field);
  if (behaviors.has("OUTPUT_ONLY")) return false;
  if (behaviors.has("REQUIRED")) return true;
  const rules = rulesOf(field);
  if (rules === undefined) return false;
  return rules.required || (!hasPresence(field) && !ignoresZero(field, rules) && !constraintsOf(field, rules).allowsZero);
}

export function messageRulesOf(message: DescMessage): validate.MessageRules | undefined {
  return hasOption(message, validate.message) ? getOption(message, validate.message) : undefined;
}

export function isOneofRequired(oneof: DescOneof): boolean {
  return hasOption(oneof, validate.oneof) && getOption(oneof, validate.oneof).required;
}

/** Descriptions of CEL rules. */
export function celNotes({ cel, celExpression }: validate.FieldRules | validate.MessageRules): string[] {
  const rules = cel.map(({ message, expression }) => (message === "" ? `\`${expression}\`` : `${message} (\`${expression}\`)`));
  return [...rules, ...celExpression.map((expression) => `\`${expression}\``)].map((rule) => `Rule: ${rule}.`);
}

/**
 * The constraints on a value: of a field, a list item, a map key or a map value.
 *
 * @param field determines the type of the value.
 */
export function constraintsOf(field: DescField, rules: validate.FieldRules): Constraints {
  const { type } = rules;
  const constraints = ((): Partial<Constraints> => {
    switch (type.case) {
      case undefined:
        return {};
      case "bool":
        return boolConstraints(type.value);
      case "string":
        return stringConstraints(type.value);
      case "bytes":
        return bytesConstraints(type.value);
      case "enum":
        return enumConstraints(field, type.value);
      case "repeated":
        return repeatedConstraints(type.value);
      case "map":
        return mapConstraints(type.value);
      case "any":
        return { keywords: typeUrlKeywords(type.value) };
      case "duration":
        return { notes: durationNotes(type.value) };
      case "timestamp":
        return { notes: timestampNotes(type.value) };
      case "fieldMask":
        return { notes: fieldMaskNotes(type.value) };
      case "float":
        return floatConstraints(type.value, shortestFloat32);
      case "double":
        return floatConstraints(type.value, (value) => value);
      default:
        return typeof zeroOf(type.value.$typeName) === "bigint" ? bigintConstraints(type.value) : numberConstraints(type.value, Number);
    }
  })();
  return { ...unconstrained, ...constraints, notes: [...(constraints.notes ?? []), ...celNotes(rules)] };
}

/** Adds keywords to a schema. Keywords that the schema has already go into `allOf`. */
export function addKeywords(schema: Schema, keywords: Schema): Schema {
  const isClash = ([key]: [string, unknown]) => key in schema;
  const entries = Object.entries(keywords);
  const merged: Schema = { ...schema, ...Object.fromEntries(entries.filter((entry) => !isClash(entry))) };
  if (entries.some(isClash)) merged.allOf = [...(merged.allOf ?? []), Object.fromEntries(entries.filter(isClash))];
  return merged;
}

function all(schemas: readonly (Schema | false)[]): Schema {
  return schemas.filter((schema) => schema !== false).reduce(addKeywords, {});
}

interface Numeric {
  readonly lessThan: { readonly case: "lt" | "lte"; readonly value: number | bigint } | { readonly case: undefined };
  readonly greaterThan: { readonly case: "gt" | "gte"; readonly value: number | bigint } | { readonly case: undefined };
  readonly const: number | bigint;
  readonly in: readonly (number | bigint)[];
  readonly notIn: readonly (number | bigint)[];
  readonly example: readonly (number | bigint)[];
}

function zeroOf(rules: string): number | bigint {
  return /64/.test(rules) ? 0n : 0;
}

function numberConstraints(rules: Numeric & Message, write: (value: number) => number): Partial<Constraints> {
  const json = (value: number | bigint): number => write(Number(value));
  const { lessThan, greaterThan } = rules;
  const below: Schema =
    lessThan.case === undefined ? {} : { [lessThan.case === "lt" ? "exclusiveMaximum" : "maximum"]: json(lessThan.value) };
  const above: Schema =
    greaterThan.case === undefined ? {} : { [greaterThan.case === "gt" ? "exclusiveMinimum" : "minimum"]: json(greaterThan.value) };
  return {
    keywords: all([isOutside(rules) ? { anyOf: [below, above] } : { ...above, ...below }, ...listKeywords(rules, json)]),
    allowsZero: passesNumeric(rules, 0),
  };
}

/** JSON represents 64-bit integers as strings, so `minimum` and `maximum` do not apply. */
function bigintConstraints(rules: Numeric & Message): Partial<Constraints> {
  const { lessThan, greaterThan } = rules;
  const min = greaterThan.case === undefined ? undefined : BigInt(greaterThan.value) + (greaterThan.case === "gt" ? 1n : 0n);
  const pattern = isOutside(rules) || min === undefined || min < 0n ? false : { pattern: min === 0n ? "^[0-9]+$" : "^[1-9][0-9]*$" };
  const notes = [
    greaterThan.case !== undefined && `${greaterThan.case === "gt" ? "More than" : "At least"} ${greaterThan.value}`,
    lessThan.case !== undefined && `${lessThan.case === "lt" ? "less than" : "at most"} ${lessThan.value}`,
  ].filter((note) => note !== false);
  return {
    keywords: all([pattern, ...listKeywords(rules, String)]),
    notes: notes.length === 0 ? [] : [`${capitalise(notes.join(isOutside(rules) ? ", or " : ", and "))}.`],
    allowsZero: passesNumeric(rules, 0n),
  };
}

function floatConstraints(
  rules: (validate.FloatRules | validate.DoubleRules) & Numeric,
  write: (value: number) => number,
): Partial<Constraints> {
  const constraints = numberConstraints(rules, write);
  const passes = (value: number) => Number.isFinite(value) || (!rules.finite && passesNumeric(rules, value));
  return { ...constraints, nonFinite: nonFinite.filter((text) => passes(Number(text))) };
}

/**
 * Whether values inside the bounds are excluded: greater than one bound, or less than the other.
 */
function isOutside({ lessThan, greaterThan }: Numeric): boolean {
  return lessThan.case !== undefined && greaterThan.case !== undefined && lessThan.value < greaterThan.value;
}

function passesNumeric(rules: Numeric, value: number | bigint): boolean {
  const { lessThan, greaterThan } = rules;
  const below = lessThan.case === undefined || (lessThan.case === "lt" ? value < lessThan.value : value <= lessThan.value);
  const above = greaterThan.case === undefined || (greaterThan.case === "gt" ? value > greaterThan.value : value >= greaterThan.value);
  return (isOutside(rules) ? below || above : below && above) && passesLists(rules, value);
}

interface Lists<Value> {
  readonly const: Value;
  readonly in: readonly Value[];
  readonly notIn: readonly Value[];
}

/** Keywords for `const`, `in` and `not_in`, which most kinds of rules have. */
function listKeywords<Value>(
  rules: Lists<Value> & { readonly example?: readonly Value[] },
  json: (value: Value) => Json,
): (Schema | false)[] {
  return [
    isSet(rules, "const") && { const: json(rules.const) },
    rules.in.length > 0 && { enum: rules.in.map(json) },
    rules.notIn.length > 0 && { not: { enum: rules.notIn.map(json) } },
    rules.example !== undefined && rules.example.length > 0 && { examples: rules.example.map(json) },
  ];
}

function passesLists<Value>(rules: Lists<Value>, value: Value): boolean {
  return (
    (!isSet(rules, "const") || rules.const === value) && (rules.in.length === 0 || rules.in.includes(value)) && !rules.notIn.includes(value)
  );
}

/** Whether a field of a proto2 message is set: protobuf-es keeps defaults on the prototype. */
function isSet<Rules extends object>(rules: Rules, name: keyof Rules): boolean {
  return Object.hasOwn(rules, name);
}

function boolConstraints(rules: validate.BoolRules): Partial<Constraints> {
  return { keywords: isSet(rules, "const") ? { const: rules.const } : {}, allowsZero: !isSet(rules, "const") || !rules.const };
}

function stringConstraints(rules: validate.StringRules): Partial<Constraints> {
  const { minLen, maxLen, len, pattern, prefix, suffix, contains, notContains, wellKnown } = rules;
  const min = isSet(rules, "len") ? len : minLen;
  const max = isSet(rules, "len") ? len : isSet(rules, "maxLen") && maxLen;
  const portable = pattern === "" ? undefined : portablePattern(pattern);
  const format = wellKnown.case === "wellKnownRegex" || !wellKnown.value ? undefined : stringFormats[wellKnown.case ?? "uriRef"];
  return {
    keywords: all([
      min > 0n && { minLength: Number(min) },
      max !== false && { maxLength: Number(max) },
      portable !== undefined && { pattern: portable },
      prefix !== "" && { pattern: `^${escapePattern(prefix)}` },
      suffix !== "" && { pattern: `${escapePattern(suffix)}$` },
      contains !== "" && { pattern: escapePattern(contains) },
      notContains !== "" && { not: { pattern: escapePattern(notContains) } },
      typeof format === "object" && format,
      ...listKeywords(rules, (value) => value),
    ]),
    notes: [
      pattern !== "" && portable === undefined && `Matches \`${pattern}\` (RE2).`,
      isSet(rules, "lenBytes") && `${rules.lenBytes} bytes in UTF-8.`,
      isSet(rules, "minBytes") && `At least ${rules.minBytes} bytes in UTF-8.`,
      isSet(rules, "maxBytes") && `At most ${rules.maxBytes} bytes in UTF-8.`,
      typeof format === "string" && `${format}.`,
      wellKnown.case === "wellKnownRegex" && `${headerFormats[wellKnown.value]}.`,
    ].filter((note) => note !== false),
    allowsZero:
      min === 0n &&
      rules.lenBytes === 0n &&
      rules.minBytes === 0n &&
      (portable === undefined || new RegExp(portable, "u").test("")) &&
      prefix + suffix + contains === "" &&
      (format === undefined || wellKnown.case === "uriRef") &&
      (wellKnown.case !== "wellKnownRegex" || wellKnown.value !== validate.KnownRegex.HTTP_HEADER_NAME) &&
      passesLists(rules, ""),
  };
}

type StringFormat = Exclude<NonNullable<validate.StringRules["wellKnown"]["case"]>, "wellKnownRegex">;

/** Keywords, or a description where no keyword exists. */
const stringFormats: Record<StringFormat, Schema | string> = {
  email: { format: "email" },
  hostname: { format: "hostname" },
  ip: { anyOf: [{ format: "ipv4" }, { format: "ipv6" }] },
  ipv4: { format: "ipv4" },
  ipv6: { format: "ipv6" },
  uri: { format: "uri" },
  uriRef: { format: "uri-reference" },
  address: { anyOf: [{ format: "hostname" }, { format: "ipv4" }, { format: "ipv6" }] },
  uuid: { format: "uuid" },
  tuuid: { pattern: "^[0-9a-fA-F]{32}$" },
  ulid: { pattern: "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$" },
  ipWithPrefixlen: "An IP address with a prefix length",
  ipv4WithPrefixlen: "An IPv4 address with a prefix length",
  ipv6WithPrefixlen: "An IPv6 address with a prefix length",
  ipPrefix: "An IP prefix",
  ipv4Prefix: "An IPv4 prefix",
  ipv6Prefix: "An IPv6 prefix",
  hostAndPort: "A host and a port",
  protobufFqn: { pattern: "^[A-Za-z_][A-Za-z_0-9]*(\\.[A-Za-z_][A-Za-z_0-9]*)*$" },
  protobufDotFqn: { pattern: "^\\.[A-Za-z_][A-Za-z_0-9]*(\\.[A-Za-z_][A-Za-z_0-9]*)*$" },
};

const headerFormats: Record<validate.KnownRegex, string> = {
  [validate.KnownRegex.UNSPECIFIED]: "As given by a regular expression",
  [validate.KnownRegex.HTTP_HEADER_NAME]: "An HTTP header name",
  [validate.KnownRegex.HTTP_HEADER_VALUE]: "An HTTP header value",
};

/**
 * The pattern if it is valid in JSON Schema (ECMAScript, Unicode mode). Patterns valid in both
 * dialects have the same meaning as in protovalidate's RE2.
 */
function portablePattern(pattern: string): string | undefined {
  try {
    new RegExp(pattern, "u");
  } catch {
    return undefined;
  }
  // Many readers do not support modifiers yet.
  return /\(\?[a-z-]+[:)]/.test(pattern) ? undefined : pattern;
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** JSON represents bytes as base64, with or without padding. */
function bytesConstraints(rules: validate.BytesRules): Partial<Constraints> {
  const min = isSet(rules, "len") ? rules.len : rules.minLen;
  const max = isSet(rules, "len") ? rules.len : isSet(rules, "maxLen") && rules.maxLen;
  const base64 = (value: Uint8Array): string => Buffer.from(value).toString("base64");
  const { prefix, suffix, contains, pattern, wellKnown } = rules;
  const words = (name: string, value: Uint8Array) => value.length > 0 && `${name} \`${base64(value)}\`.`;
  const isEmpty = (value: Uint8Array) => value.length === 0;
  return {
    keywords: all([
      min > 0n && { minLength: Math.ceil((Number(min) * 4) / 3) },
      max !== false && { maxLength: Math.ceil(Number(max) / 3) * 4 },
      ...listKeywords(rules, base64),
    ]),
    notes: [
      min > 0n && min === max && `${min} bytes.`,
      min > 0n && min !== max && `At least ${min} ${min === 1n ? "byte" : "bytes"}.`,
      max !== false && min !== max && `At most ${max} ${max === 1n ? "byte" : "bytes"}.`,
      words("Begins with", prefix),
      words("Ends with", suffix),
      words("Contains", contains),
      pattern !== "" && `The decoded text matches \`${pattern}\` (RE2).`,
      wellKnown.case !== undefined && wellKnown.value && `The bytes of an address or identifier: ${wellKnown.case}.`,
    ].filter((note) => note !== false),
    allowsZero:
      min === 0n &&
      [prefix, suffix, contains].every(isEmpty) &&
      !wellKnown.value &&
      (!isSet(rules, "const") || isEmpty(rules.const)) &&
      (rules.in.length === 0 || rules.in.some(isEmpty)) &&
      !rules.notIn.some(isEmpty),
  };
}

/** JSON represents enum values as names, or as numbers if they have no name. */
function enumConstraints(field: DescField, rules: validate.EnumRules): Partial<Constraints> {
  const json = (number: number): Json => field.enum?.value[number]?.jsonName ?? number;
  const defined = rules.definedOnly && field.enum?.open === true && { enum: field.enum.values.map(({ jsonName }) => jsonName) };
  return { keywords: all([...listKeywords(rules, json), defined]), allowsZero: passesLists(rules, 0) };
}

function repeatedConstraints(rules: validate.RepeatedRules): Partial<Constraints> {
  return {
    keywords: all([
      rules.minItems > 0n && { minItems: Number(rules.minItems) },
      isSet(rules, "maxItems") && { maxItems: Number(rules.maxItems) },
      rules.unique && { uniqueItems: true },
    ]),
    allowsZero: rules.minItems === 0n,
  };
}

function mapConstraints(rules: validate.MapRules): Partial<Constraints> {
  return {
    keywords: all([
      rules.minPairs > 0n && { minProperties: Number(rules.minPairs) },
      isSet(rules, "maxPairs") && { maxProperties: Number(rules.maxPairs) },
    ]),
    allowsZero: rules.minPairs === 0n,
  };
}

function typeUrlKeywords({ in: some, notIn }: validate.AnyRules): Schema {
  const type = all([some.length > 0 && { enum: some }, notIn.length > 0 && { not: { enum: notIn } }]);
  return { properties: { "@type": type } };
}

function durationNotes(rules: validate.DurationRules): string[] {
  const words = { lt: "Less than", lte: "At most", gt: "More than", gte: "At least" };
  const write = (value: Duration) => toJson(DurationSchema, value);
  return [
    ...[rules.greaterThan, rules.lessThan].map((bound) => bound.case !== undefined && `${words[bound.case]} ${write(bound.value)}.`),
    rules.const !== undefined && `Always ${write(rules.const)}.`,
    rules.in.length > 0 && `One of ${rules.in.map(write).join(", ")}.`,
    rules.notIn.length > 0 && `None of ${rules.notIn.map(write).join(", ")}.`,
  ].filter((note) => note !== false);
}

function timestampNotes(rules: validate.TimestampRules): string[] {
  const words = { lt: "Before", lte: "Not after", gt: "After", gte: "Not before" };
  const write = (value: Timestamp) => toJson(TimestampSchema, value);
  const bounds = [rules.greaterThan, rules.lessThan].map((bound) => {
    if (bound.case === undefined) return false;
    if (bound.case === "ltNow") return bound.value && "In the past.";
    if (bound.case === "gtNow") return bound.value && "In the future.";
    return `${words[bound.case]} ${write(bound.value)}.`;
  });
  return [
    ...bounds,
    rules.const !== undefined && `Always ${write(rules.const)}.`,
    rules.within !== undefined && `Within ${toJson(DurationSchema, rules.within)} of now.`,
  ].filter((note) => note !== false);
}

function fieldMaskNotes(rules: validate.FieldMaskRules): string[] {
  return [
    rules.const !== undefined && `Always \`${rules.const.paths.join(",")}\`.`,
    rules.in.length > 0 && `Only ${rules.in.map((path) => `\`${path}\``).join(", ")}and their subfields.`,
    rules.notIn.length > 0 && `Not ${rules.notIn.map((path) => `\`${path}\``).join(", ")} or their subfields.`,
  ].filter((note) => note !== false);
}

/** A schema that excludes the zero value, for a `required` field without presence. */
export function notZero(field: DescField): Schema {
  if (field.fieldKind === "list") return { minItems: 1 };
  if (field.fieldKind === "map") return { minProperties: 1 };
  if (field.fieldKind === "scalar" && [ScalarType.STRING, ScalarType.BYTES].includes(field.scalar)) return { minLength: 1 };
  return { not: { const: zeroJson(field) } };
}

/** A schema that only accepts the zero value. */
export function onlyZero(field: DescField): Schema {
  if (field.fieldKind === "list") return { maxItems: 0 };
  if (field.fieldKind === "map") return { maxProperties: 0 };
  return { const: zeroJson(field) };
}

/** The zero value of a field, list item or map value. */
export function zeroJson(field: DescField): Json {
  if (field.enum !== undefined) return field.enum.values[0]?.jsonName ?? 0;
  if (field.scalar === undefined) return null;
  if (field.scalar === ScalarType.BOOL) return false;
  if (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES) return "";
  return is64Bit(field.scalar) ? "0" : 0;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
