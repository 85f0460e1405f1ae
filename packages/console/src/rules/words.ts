// The rules of buf.validate in words: https://buf.build/docs/protovalidate/
import { type DescField, type DescMessage, type DescOneof, getOption, hasOption, toJson } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import {
  type FieldRules,
  field as fieldOption,
  Ignore,
  KnownRegex,
  type MessageRules,
  message as messageOption,
  oneof as oneofOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import type { Key, Text } from "../i18n/index.ts";
import { toBase64 } from "../json/bytes.ts";

/** A rule of a field, a oneof or a message. */
export interface Rule {
  /** As violations name it: `string.min_len`. */
  readonly id: string;
  /** What has the rule: the value itself, or each element of it. */
  readonly of: "value" | "items" | "keys" | "values";
  readonly text: Text;
}

type Draft = readonly [id: string, key: Key, ...values: Text["values"]];

const known = new WeakMap<DescField | DescMessage | DescOneof, readonly Rule[]>();

/** The rules of a field, a oneof or a message, without those of the fields in it. */
export function rulesOf(desc: DescField | DescMessage | DescOneof): readonly Rule[] {
  let rules = known.get(desc);
  if (rules === undefined) {
    rules = read(desc);
    known.set(desc, rules);
  }
  return rules;
}

function read(desc: DescField | DescMessage | DescOneof): readonly Rule[] {
  switch (desc.kind) {
    case "field":
      return hasOption(desc, fieldOption) ? fieldRules(desc, getOption(desc, fieldOption), "value") : [];
    case "oneof": {
      const isRequired = hasOption(desc, oneofOption) && getOption(desc, oneofOption).required;
      return isRequired ? toRules([["required", "ruleOneof"]], "value") : [];
    }
    case "message":
      return hasOption(desc, messageOption) ? toRules(messageDrafts(getOption(desc, messageOption)), "value") : [];
  }
}

function toRules(drafts: readonly (Draft | false)[], of: Rule["of"]): Rule[] {
  return drafts.filter((draft) => draft !== false).map(([id, key, ...values]) => ({ id, of, text: { key, values } }));
}

function messageDrafts({ cel, celExpression, oneof }: MessageRules): Draft[] {
  return [
    ...celDrafts({ cel, celExpression }),
    ...oneof.map(({ fields, required }): Draft => ["message.oneof", required ? "ruleExactlyOne" : "ruleAtMostOne", fields.join(", ")]),
  ];
}

function celDrafts({ cel, celExpression }: Pick<FieldRules, "cel" | "celExpression">): Draft[] {
  return [
    ...cel.map(({ id, message, expression }): Draft => [id, message === "" ? "ruleCel" : "ruleMessage", message || expression]),
    ...celExpression.map((expression): Draft => [expression, "ruleCel", expression]),
  ];
}

function fieldRules(field: DescField, rules: FieldRules, of: Rule["of"]): Rule[] {
  if (rules.ignore === Ignore.ALWAYS) return [];
  const own = toRules(
    [
      rules.required && ["required", "ruleRequired"],
      ...typeDrafts(field, rules),
      ...celDrafts(rules),
      // Only of interest beside another rule.
      rules.ignore === Ignore.IF_ZERO_VALUE && ["ignore", "ruleIfSet"],
    ],
    of,
  );
  const { type } = rules;
  const within =
    type.case === "repeated"
      ? [["items", type.value.items] as const]
      : type.case === "map"
        ? [["keys", type.value.keys] as const, ["values", type.value.values] as const]
        : [];
  const labels = { items: "ruleItems", keys: "ruleKeys", values: "ruleValues" } as const;
  return [
    ...own,
    ...within.flatMap(([part, inner]) =>
      inner === undefined
        ? []
        : fieldRules(field, inner, part).map((rule) => ({ ...rule, text: { key: labels[part], values: [rule.text] } satisfies Text })),
    ),
  ];
}

/** Whether a field of a rule is set: protobuf-es has defaults on the prototype. */
function isSet<Rules extends object>(rules: Rules, name: keyof Rules): boolean {
  return Object.hasOwn(rules, name);
}

function typeDrafts(field: DescField, { type }: FieldRules): readonly (Draft | false)[] {
  switch (type.case) {
    case undefined:
      return [];
    case "bool":
      return [isSet(type.value, "const") && ["bool.const", "ruleConst", String(type.value.const)]];
    case "string": {
      const { wellKnown, ...rules } = type.value;
      return [
        isSet(type.value, "len") && ["string.len", "ruleLength", String(rules.len)],
        isSet(type.value, "minLen") && ["string.min_len", "ruleMinLength", String(rules.minLen)],
        isSet(type.value, "maxLen") && ["string.max_len", "ruleMaxLength", String(rules.maxLen)],
        isSet(type.value, "lenBytes") && ["string.len_bytes", "ruleBytes", String(rules.lenBytes)],
        isSet(type.value, "minBytes") && ["string.min_bytes", "ruleMinBytes", String(rules.minBytes)],
        isSet(type.value, "maxBytes") && ["string.max_bytes", "ruleMaxBytes", String(rules.maxBytes)],
        isSet(type.value, "pattern") && ["string.pattern", "rulePattern", rules.pattern],
        isSet(type.value, "prefix") && ["string.prefix", "rulePrefix", quoted(rules.prefix)],
        isSet(type.value, "suffix") && ["string.suffix", "ruleSuffix", quoted(rules.suffix)],
        isSet(type.value, "contains") && ["string.contains", "ruleContains", quoted(rules.contains)],
        isSet(type.value, "notContains") && ["string.not_contains", "ruleNotContains", quoted(rules.notContains)],
        ...listDrafts("string", type.value, quoted),
        wellKnown.case === "wellKnownRegex"
          ? ["string.well_known_regex", wellKnown.value === KnownRegex.HTTP_HEADER_NAME ? "ruleHeaderName" : "ruleHeaderValue"]
          : wellKnown.case !== undefined && wellKnown.value && formatDraft("string", wellKnown.case),
      ];
    }
    case "bytes": {
      const { value: rules } = type;
      const base64 = (bytes: Uint8Array) => toBase64(bytes);
      return [
        isSet(rules, "len") && ["bytes.len", "ruleBytes", String(rules.len)],
        isSet(rules, "minLen") && ["bytes.min_len", "ruleMinBytes", String(rules.minLen)],
        isSet(rules, "maxLen") && ["bytes.max_len", "ruleMaxBytes", String(rules.maxLen)],
        isSet(rules, "pattern") && ["bytes.pattern", "rulePattern", rules.pattern],
        isSet(rules, "prefix") && ["bytes.prefix", "rulePrefix", base64(rules.prefix)],
        isSet(rules, "suffix") && ["bytes.suffix", "ruleSuffix", base64(rules.suffix)],
        isSet(rules, "contains") && ["bytes.contains", "ruleContains", base64(rules.contains)],
        ...listDrafts("bytes", rules, base64),
        rules.wellKnown.case !== undefined && rules.wellKnown.value && formatDraft("bytes", rules.wellKnown.case),
      ];
    }
    case "enum": {
      const name = (number: number) => field.enum?.value[number]?.name ?? String(number);
      return [type.value.definedOnly && ["enum.defined_only", "ruleDefined"], ...listDrafts("enum", type.value, name)];
    }
    case "repeated":
      return [
        type.value.minItems > 0n && ["repeated.min_items", "ruleMinItems", String(type.value.minItems)],
        isSet(type.value, "maxItems") && ["repeated.max_items", "ruleMaxItems", String(type.value.maxItems)],
        type.value.unique && ["repeated.unique", "ruleUnique"],
      ];
    case "map":
      return [
        type.value.minPairs > 0n && ["map.min_pairs", "ruleMinPairs", String(type.value.minPairs)],
        isSet(type.value, "maxPairs") && ["map.max_pairs", "ruleMaxPairs", String(type.value.maxPairs)],
      ];
    case "any":
      return listDrafts("any", { in: type.value.in, notIn: type.value.notIn }, String);
    case "fieldMask": {
      const { in: some, notIn, const: only } = type.value;
      const always: Draft | false = only !== undefined && ["field_mask.const", "ruleConst", only.paths.join(",")];
      return [always, ...listDrafts("field_mask", { in: some, notIn }, String)];
    }
    case "duration":
      return [
        ...boundDrafts("duration", type.value, duration, numberBounds),
        isSet(type.value, "const") && type.value.const !== undefined && ["duration.const", "ruleConst", duration(type.value.const)],
        ...listDrafts("duration", { in: type.value.in, notIn: type.value.notIn }, duration),
      ];
    case "timestamp": {
      const { const: only, within } = type.value;
      return [
        ...boundDrafts("timestamp", type.value, timestamp, timeBounds),
        only !== undefined && ["timestamp.const", "ruleConst", timestamp(only)],
        within !== undefined && ["timestamp.within", "ruleWithin", duration(within)],
      ];
    }
    default:
      return [
        ...boundDrafts<number | bigint>(type.case, type.value, String, numberBounds),
        "finite" in type.value && type.value.finite && [`${type.case}.finite`, "ruleFinite"],
        ...listDrafts<number | bigint>(type.case, type.value, String),
      ];
  }
}

const quoted = (text: string) => JSON.stringify(text);
const duration = (value: Duration) => toJson(DurationSchema, value);
const timestamp = (value: Timestamp) => toJson(TimestampSchema, value);

interface Lists<Value> {
  readonly const?: Value;
  readonly in: readonly Value[];
  readonly notIn: readonly Value[];
}

function listDrafts<Value>(type: string, rules: Lists<Value>, write: (value: Value) => string): (Draft | false)[] {
  const only = isSet(rules, "const") ? rules.const : undefined;
  return [
    only !== undefined && [`${type}.const`, "ruleConst", write(only)],
    rules.in.length > 0 && [`${type}.in`, "ruleIn", rules.in.map(write).join(", ")],
    rules.notIn.length > 0 && [`${type}.not_in`, "ruleNotIn", rules.notIn.map(write).join(", ")],
  ];
}

type Case = "lt" | "lte" | "gt" | "gte";
type Bound<Value> =
  | { readonly case: Case; readonly value: Value }
  | { readonly case: "ltNow" | "gtNow"; readonly value: boolean }
  | { readonly case: undefined; readonly value?: undefined };

interface Bounds<Value> {
  readonly lessThan: Bound<Value>;
  readonly greaterThan: Bound<Value>;
}

const numberBounds = { lt: "ruleLt", lte: "ruleLte", gt: "ruleGt", gte: "ruleGte" } as const;
const timeBounds = { lt: "ruleBefore", lte: "ruleNotAfter", gt: "ruleAfter", gte: "ruleNotBefore" } as const;

/** The bounds, with the id of a violation: `int32.gte_lte`, or `int32.gt_lt_exclusive` for the values outside of the bounds. */
function boundDrafts<Value>(
  type: string,
  { greaterThan, lessThan }: Bounds<Value>,
  write: (value: Value) => string,
  keys: Readonly<Record<Case, Key>>,
): Draft[] {
  const textOf = (bound: Bound<Value>): { readonly id: string; readonly text: Text } | undefined => {
    switch (bound.case) {
      case undefined:
        return undefined;
      case "ltNow":
        return bound.value ? { id: "lt_now", text: { key: "rulePast", values: [] } } : undefined;
      case "gtNow":
        return bound.value ? { id: "gt_now", text: { key: "ruleFuture", values: [] } } : undefined;
      default:
        return { id: bound.case, text: { key: keys[bound.case], values: [write(bound.value)] } };
    }
  };
  const [above, below] = [textOf(greaterThan), textOf(lessThan)];
  if (above === undefined || below === undefined) {
    return [above, below].filter((bound) => bound !== undefined).map(({ id, text: { key, values } }) => [`${type}.${id}`, key, ...values]);
  }
  const isOutside = compare(greaterThan.value, lessThan.value) > 0;
  const id = `${type}.${above.id}_${below.id}`;
  return [isOutside ? [`${id}_exclusive`, "ruleEither", above.text, below.text] : [id, "ruleBoth", above.text, below.text]];
}

/** Compares numbers, durations and timestamps. */
function compare(one: unknown, other: unknown): number {
  const number = (value: unknown) =>
    typeof value === "object" && value !== null && "seconds" in value && "nanos" in value
      ? Number(value.seconds) + Number(value.nanos) / 1e9
      : Number(value);
  return number(one) - number(other);
}

const formats: Readonly<Record<string, Key>> = {
  email: "ruleEmail",
  hostname: "ruleHostname",
  address: "ruleAddress",
  hostAndPort: "ruleHostAndPort",
};

const formatNames: Readonly<Record<string, string>> = {
  ip: "IP",
  ipv4: "IPv4",
  ipv6: "IPv6",
  uri: "URI",
  uriRef: "URI reference",
  uuid: "UUID",
  tuuid: "UUID (32 hex)",
  ulid: "ULID",
  ipWithPrefixlen: "IP/prefix length",
  ipv4WithPrefixlen: "IPv4/prefix length",
  ipv6WithPrefixlen: "IPv6/prefix length",
  ipPrefix: "IP prefix",
  ipv4Prefix: "IPv4 prefix",
  ipv6Prefix: "IPv6 prefix",
  protobufFqn: "package.Name",
  protobufDotFqn: ".package.Name",
};

function formatDraft(type: "string" | "bytes", name: string): Draft {
  const id = `${type}.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  const key = formats[name];
  return key === undefined ? [id, "ruleFormat", formatNames[name] ?? name] : [id, key];
}
