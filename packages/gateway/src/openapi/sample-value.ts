// Generates sample values that satisfy the rules of a field, for examples.
import { create, type DescField, type Message, ScalarType } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, FieldMaskSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type * as validate from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { is64Bit } from "../fields/field-path.ts";
import { samplePattern } from "./sample-pattern.ts";

type Rules = validate.FieldRules | undefined;

/** A sample value of a scalar, as protobuf-es represents it. `index` varies list items. */
export function sampleScalar(scalar: ScalarType, rules: Rules, index = 0): unknown {
  const type = rules?.type;
  switch (scalar) {
    case ScalarType.BOOL:
      return type?.case === "bool" && Object.hasOwn(type.value, "const") ? type.value.const : true;
    case ScalarType.STRING:
      return sampleString(type?.case === "string" ? type.value : undefined, index);
    case ScalarType.BYTES:
      return sampleBytes(type?.case === "bytes" ? type.value : undefined, index);
    default: {
      const value = sampleNumber((type?.value ?? {}) as Partial<Numeric>, scalar, index);
      return is64Bit(scalar) ? BigInt(value) : Number(value);
    }
  }
}

/** The first valid value of an enum, preferably not zero. */
export function sampleEnum({ enum: type }: DescField, rules: Rules): number {
  const { value } = rules?.type.case === "enum" ? rules.type : {};
  if (value !== undefined && Object.hasOwn(value, "const")) return value.const;
  const [given] = value?.in ?? [];
  const numbers = type?.values.map(({ number }) => number) ?? [0];
  const allowed = numbers.filter((number) => !value?.notIn.includes(number));
  return given ?? allowed.find((number) => number !== 0) ?? allowed[0] ?? 0;
}

/** A sample value of a well-known message. Returns `undefined` for other messages. */
export function sampleWellKnown(typeName: string, rules: Rules): Message | undefined {
  const type = rules?.type;
  switch (typeName) {
    case TimestampSchema.typeName:
      return sampleTimestamp(type?.case === "timestamp" ? type.value : undefined);
    case DurationSchema.typeName:
      return sampleDuration(type?.case === "duration" ? type.value : undefined);
    case FieldMaskSchema.typeName:
      return type?.case === "fieldMask" ? (type.value.const ?? create(FieldMaskSchema, { paths: type.value.in.slice(0, 1) })) : undefined;
    default:
      return undefined;
  }
}

interface Numeric {
  readonly const: number | bigint;
  readonly in: readonly (number | bigint)[];
  readonly notIn: readonly (number | bigint)[];
  readonly example: readonly (number | bigint)[];
  readonly lessThan: { readonly case?: "lt" | "lte"; readonly value?: number | bigint };
  readonly greaterThan: { readonly case?: "gt" | "gte"; readonly value?: number | bigint };
}

function sampleNumber(rules: Partial<Numeric>, scalar: ScalarType, index: number): number | bigint {
  if (Object.hasOwn(rules, "const") && rules.const !== undefined) return rules.const;
  const given = rules.in?.[index] ?? rules.example?.[index];
  if (given !== undefined) return given;
  const { lessThan = {}, greaterThan = {}, notIn = [] } = rules;
  const { value: min } = greaterThan;
  const { value: max } = lessThan;
  const isReal = scalar === ScalarType.DOUBLE || scalar === ScalarType.FLOAT;
  if (isReal && min !== undefined && max !== undefined && min < max) return (Number(min) + Number(max)) / 2;
  // Computes in bigint, which covers all integers.
  const whole = (value: number | bigint, round: (value: number) => number) => (typeof value === "bigint" ? value : BigInt(round(value)));
  let value = 1n;
  if (min !== undefined && value <= min) value = whole(min, Math.floor) + (greaterThan.case === "gte" && !isReal ? 0n : 1n);
  else if (max !== undefined && value >= max) value = whole(max, Math.ceil) - (lessThan.case === "lte" && !isReal ? 0n : 1n);
  value += BigInt(index);
  while (notIn.some((other) => BigInt(Math.trunc(Number(other))) === value)) value++;
  return value;
}

/** Sample texts for well-known formats. */
const formats: Readonly<Record<string, string>> = {
  email: "ann@example.com",
  hostname: "example.com",
  ip: "192.0.2.1",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.com/",
  uriRef: "/path",
  address: "example.com",
  uuid: "123e4567-e89b-12d3-a456-426614174000",
  tuuid: "123e4567e89b12d3a456426614174000",
  ulid: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  ipWithPrefixlen: "192.0.2.1/24",
  ipv4WithPrefixlen: "192.0.2.1/24",
  ipv6WithPrefixlen: "2001:db8::1/64",
  ipPrefix: "192.0.2.0/24",
  ipv4Prefix: "192.0.2.0/24",
  ipv6Prefix: "2001:db8::/32",
  hostAndPort: "example.com:443",
  protobufFqn: "a.b",
  protobufDotFqn: ".a.b",
  wellKnownRegex: "x-name",
};

function sampleString(rules: validate.StringRules | undefined, index: number): string {
  const text = index === 0 ? "text" : `text${index}`;
  if (rules === undefined) return text;
  if (Object.hasOwn(rules, "const")) return rules.const;
  const given = rules.in[index] ?? rules.example[index];
  if (given !== undefined) return given;
  const format = rules.wellKnown.value ? formats[rules.wellKnown.case ?? ""] : undefined;
  if (format !== undefined) return format;
  const minLength = Number(Object.hasOwn(rules, "len") ? rules.len : rules.minLen);
  if (rules.pattern !== "") return samplePattern(rules.pattern, minLength, index) ?? text;
  const { prefix, contains, suffix } = rules;
  const [min, max] = Object.hasOwn(rules, "len")
    ? [rules.len, rules.len]
    : [rules.minLen, Object.hasOwn(rules, "maxLen") ? rules.maxLen : 1_000n];
  const [minBytes, maxBytes] = Object.hasOwn(rules, "lenBytes")
    ? [rules.lenBytes, rules.lenBytes]
    : [rules.minBytes, Object.hasOwn(rules, "maxBytes") ? rules.maxBytes : 1_000n];
  const minTotal = Number(min > minBytes ? min : minBytes);
  const maxTotal = Number(max < maxBytes ? max : maxBytes);
  const own = prefix + contains + suffix;
  const room = Math.max(0, Math.min(maxTotal, Math.max(minTotal, text.length)) - own.length);
  return prefix + contains + (own === "" ? text.padEnd(room, "x").slice(0, room) : "x".repeat(Math.max(0, minTotal - own.length))) + suffix;
}

function sampleBytes(rules: validate.BytesRules | undefined, index: number): Uint8Array {
  const bytes = Uint8Array.from([98, 121, 116, 101 + index]);
  if (rules === undefined) return bytes;
  if (Object.hasOwn(rules, "const")) return rules.const;
  const given = rules.in[index] ?? rules.example[index];
  if (given !== undefined) return given;
  const { wellKnown } = rules;
  if (wellKnown.value) return new Uint8Array(wellKnown.case === "uuid" || wellKnown.case === "ipv6" ? 16 : 4).fill(1);
  const [min, max] = Object.hasOwn(rules, "len")
    ? [rules.len, rules.len]
    : [rules.minLen, Object.hasOwn(rules, "maxLen") ? rules.maxLen : 1_000n];
  if (rules.pattern !== "") return new Uint8Array(Buffer.from(samplePattern(rules.pattern) ?? ""));
  const own = [...rules.prefix, ...rules.contains];
  const room = Math.max(0, Math.min(Number(max), Math.max(Number(min), 4)) - own.length - rules.suffix.length);
  return Uint8Array.from([
    ...own,
    ...Array<number>(own.length === 0 ? room : Math.max(0, Number(min) - own.length - rules.suffix.length)).fill(97),
    ...rules.suffix,
  ]);
}

function sampleTimestamp(rules: validate.TimestampRules | undefined): Timestamp | undefined {
  const at = (seconds: bigint) => create(TimestampSchema, { seconds });
  if (rules === undefined) return at(1_704_067_200n); // 2024-01-01
  if (rules.const !== undefined) return rules.const;
  // The document is created long before the request.
  if (rules.within !== undefined) return undefined;
  const { greaterThan, lessThan } = rules;
  if (greaterThan.case === "gtNow") return at(4_070_908_800n); // 2099-01-01
  if (greaterThan.case !== undefined) return at(greaterThan.value.seconds + 1n);
  if (lessThan.case !== undefined && lessThan.case !== "ltNow") return at(lessThan.value.seconds - 1n);
  return at(1_704_067_200n);
}

function sampleDuration(rules: validate.DurationRules | undefined): Duration {
  const of = (seconds: bigint) => create(DurationSchema, { seconds });
  if (rules === undefined) return of(1n);
  const [given = rules.in[0]] = rules.const === undefined ? [] : [rules.const];
  if (given !== undefined) return given;
  const { greaterThan, lessThan } = rules;
  if (greaterThan.value !== undefined) return greaterThan.case === "gte" ? greaterThan.value : of(greaterThan.value.seconds + 1n);
  if (lessThan.value !== undefined && lessThan.value.seconds <= 1n)
    return lessThan.case === "lte" ? lessThan.value : of(lessThan.value.seconds - 1n);
  return of(1n);
}
