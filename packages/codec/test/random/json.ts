// Generates random messages, JSON and descriptors from a seed.
import { create, createFileRegistry, type DescField, type DescMessage, type JsonValue, type Message, ScalarType } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  Edition,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  isWrapperDesc,
} from "@bufbuild/protobuf/wkt";

/** Returns the default JSON name of a field. */
function protoCamelCase(name: string): string {
  return name.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase());
}

/** The seeded random number generator mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Returns a number from 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Returns an integer from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  of<Item>(items: readonly [Item, ...Item[]]): Item;
  of<Item>(items: readonly Item[]): Item | undefined;
  of<Item>(items: readonly Item[]): Item | undefined {
    return items[this.below(items.length)];
  }

  list<Item>(most: number, make: (index: number) => Item): Item[] {
    return Array.from({ length: this.below(most + 1) }, (_, i) => make(i));
  }
}

const texts = [
  "",
  "a",
  "text",
  'say "hi"',
  "back\\slash",
  "new\nline",
  "\u0000\u001f\u007f",
  "订单",
  "🎉",
  "\u2028",
  "__proto__",
  "constructor",
  "a:b",
  '":',
  "1",
  "01",
  "true",
  "</script>",
] as const;
const int32s = [0, 1, -1, 7, 1000, 2_147_483_647, -2_147_483_648] as const;
const uint32s = [0, 1, 7, 1000, 4_294_967_295] as const;
const int64s = [0n, 1n, -1n, 7n, 1_700_000_000_000n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)] as const;
const uint64s = [0n, 1n, 7n, 1_700_000_000_000n, 2n ** 53n + 1n, 2n ** 64n - 1n] as const;
const doubles = [
  0,
  -0,
  1,
  -1.5,
  0.1,
  1e21,
  1e-7,
  5e-324,
  1.7976931348623157e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
] as const;
// Floats whose shortest text equals that of the double. protobuf-es prints more digits of other
// floats.
const floats = [0, -0, 1, -1.5, 2.5e9, 2 ** -10, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const;

export function randomScalar(random: Random, type: ScalarType): unknown {
  switch (type) {
    case ScalarType.DOUBLE:
      return random.of(doubles);
    case ScalarType.FLOAT:
      return random.of(floats);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return random.of(int64s);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return random.of(uint64s);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return random.of(uint32s);
    case ScalarType.BOOL:
      return random.chance(0.5);
    case ScalarType.STRING:
      return random.of(texts);
    case ScalarType.BYTES:
      return Uint8Array.from(random.list(random.chance(0.1) ? 2000 : 8, () => random.below(256)));
    default:
      return random.of(int32s);
  }
}

/** Returns a message with some of its fields set, at most `depth` levels deep. */
export function randomMessage<Desc extends DescMessage>(random: Random, desc: Desc, depth: number): Message {
  const density = random.next();
  const init: Record<string, unknown> = {};
  for (const field of desc.fields) {
    if (field.presence !== requiredPresence && !random.chance(density)) {
      continue;
    }
    const value = randomField(random, field, depth);
    if (value !== undefined) {
      init[field.oneof?.localName ?? field.localName] = field.oneof === undefined ? value : { case: field.localName, value };
    }
  }
  return randomWellKnown(random, desc, depth) ?? create(desc as DescMessage, init);
}

/** FeatureSet_FieldPresence.LEGACY_REQUIRED. */
const requiredPresence = 3;

function randomField(random: Random, field: DescField, depth: number): unknown {
  switch (field.fieldKind) {
    case "list":
      return random.list(3, () => randomItem(random, field, depth)).filter((item) => item !== undefined);
    case "map": {
      const entries = random.list(3, () => [String(randomScalar(random, field.mapKey)), randomItem(random, field, depth)]);
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    }
    default:
      return randomItem(random, field, depth);
  }
}

function randomItem(random: Random, field: DescField, depth: number): unknown {
  if (field.enum !== undefined) {
    return field.enum.open && random.chance(0.2) ? 1234 : random.of(field.enum.values)?.number;
  }
  if (field.scalar !== undefined) {
    const value = randomScalar(random, field.scalar);
    return typeof value === "bigint" && field.fieldKind !== "map" && "longAsString" in field && field.longAsString ? String(value) : value;
  }
  const { message } = field;
  if (message === undefined || depth <= 0) {
    return undefined;
  }
  if (message.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value") {
    return randomObject(random, 3);
  }
  if (field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(message)) {
    return randomScalar(random, message.fields[0].scalar);
  }
  return randomMessage(random, message, depth - 1);
}

function randomWellKnown(random: Random, desc: DescMessage, depth: number): Message | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Timestamp":
      return create(desc, {
        seconds: random.of([
          0n,
          1n,
          -1n,
          1_714_979_289n,
          -62_135_596_800n,
          253_402_300_799n,
          BigInt(Math.floor((random.next() - 0.2) * 3e11)),
        ]),
        nanos: random.of([0, 1, 500_000_000, 123_456_000, 999_999_999]),
      });
    case "google.protobuf.Duration": {
      const sign = random.chance(0.5) ? 1 : -1;
      return create(desc, {
        seconds: BigInt(sign * random.of([0, 1, 3600, 315_576_000_000])),
        nanos: sign * random.of([0, 1, 500_000_000, 999_999_999]),
      });
    }
    case "google.protobuf.FieldMask":
      return create(desc, { paths: random.list(3, () => random.of(["a", "foo_bar", "a.b_c", "order_main.order_id"])) });
    case "google.protobuf.Value": {
      const cases = [
        { case: "nullValue", value: 0 },
        { case: "numberValue", value: random.of([0, -1.5, 1e21]) },
        { case: "stringValue", value: random.of(texts) },
        { case: "boolValue", value: random.chance(0.5) },
        ...desc.fields
          .filter(({ message }) => message !== undefined && depth > 0)
          .map(({ localName, message }) => ({ case: localName, value: message && randomMessage(random, message, depth - 1) })),
      ];
      return create(desc, { kind: random.of(cases) });
    }
    case "google.protobuf.Any":
      return create(desc);
    default:
      return undefined;
  }
}

function randomObject(random: Random, depth: number): Record<string, JsonValue> {
  const entries = random.list(3, () => [random.of(texts), randomJson(random, depth - 1)] as const);
  return Object.fromEntries(entries);
}

/** Returns any JSON, often a near-valid scalar of some type. */
export function randomJson(random: Random, depth: number): JsonValue {
  if (depth > 0 && random.chance(0.3)) {
    return random.chance(0.5) ? randomObject(random, depth) : random.list(3, () => randomJson(random, depth - 1));
  }
  return random.of(jsons);
}

const jsons = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  1.5,
  2_147_483_647,
  2_147_483_648,
  -2_147_483_649,
  4_294_967_296,
  1e30,
  3.5e38,
  9.3e18,
  2 ** 53,
  "",
  " ",
  "0",
  "-0",
  "1",
  "01",
  " 1",
  "1 ",
  "+1",
  "1.0",
  "1.5",
  "1e3",
  "1E2",
  "0x10",
  "-1",
  "NaN",
  "Infinity",
  "-Infinity",
  "nan",
  "true",
  "false",
  "null",
  "9223372036854775808",
  "-9223372036854775809",
  "18446744073709551616",
  "3.5e38",
  "1e400",
  "COLOUR_RED",
  "COLOUR_NONE",
  "CLOSED_TWO",
  "CLOSED_ALSO_TWO",
  "SHUT_ONE",
  "NULL_VALUE",
  1234,
  "\ud800",
  "a\udc00",
  "AQ==",
  "AQ",
  "AQI",
  "AQ=",
  "A",
  "_-8",
  "+/8=",
  "a b=",
  "A=Q=",
  "====",
  "%",
  "2024-05-06T07:08:09Z",
  "2024-05-06T07:08:09.5Z",
  "2024-05-06T07:08:09.123456789Z",
  "2024-05-06T07:08:09.1234567890Z",
  "2024-05-06T07:08:09.Z",
  "2024-05-06T07:08:09+01:30",
  "2024-02-29T00:00:00Z",
  "2024-05-06T07:08:60Z",
  "0000-05-06T07:08:09Z",
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999999999Z",
  "9999-12-31T23:59:59-01:00",
  "2024-05-06t07:08:09z",
  "2024-13-06T07:08:09Z",
  "2024-05-06T07:08:09ZZ",
  "1s",
  "1.5s",
  "-1.5s",
  "-0.5s",
  "-0s",
  "1.0000000001s",
  "315576000001s",
  "s",
  "1",
  ".5s",
  "a,b.cD",
  "a_b",
  "fooBar",
  "a,,b",
] as const satisfies readonly JsonValue[];

/** Returns JSON with one change: a value, the spelling of a key, or an added or removed key. */
export function mutated(random: Random, json: JsonValue, keys: readonly string[]): JsonValue {
  if (typeof json !== "object" || json === null || random.chance(0.15)) {
    return random.chance(0.7) ? randomJson(random, 2) : json;
  }
  if (Array.isArray(json)) {
    const copy = [...json];
    copy.splice(random.below(copy.length + 1), random.below(2), ...(random.chance(0.5) ? [randomJson(random, 2)] : []));
    return copy.map((item) => (random.chance(0.3) ? mutated(random, item, keys) : item));
  }
  const entries = Object.entries(json).filter(() => random.chance(0.95));
  const changed = entries.map(([key, value]): [string, JsonValue] => [key, random.chance(0.4) ? mutated(random, value, keys) : value]);
  if (random.chance(0.3)) {
    changed.push([random.of(keys) ?? "none", randomJson(random, 2)]);
  }
  if (random.chance(0.1)) {
    changed.push([random.of(["unknown", "__proto__", "constructor", "toString", "[no.such]", "@type", ""]), randomJson(random, 3)]);
  }
  return Object.fromEntries(changed);
}

/** Returns all field names of a message and its nested messages. */
export function keysOf(desc: DescMessage, known = new Set<DescMessage>()): string[] {
  if (known.has(desc)) {
    return [];
  }
  known.add(desc);
  return desc.fields.flatMap(({ name, jsonName, message }) => [name, jsonName, ...(message === undefined ? [] : keysOf(message, known))]);
}

// Excludes has_own_property: protobuf-es takes Object.prototype.hasOwnProperty for the value of a
// message field with that name.
const names = [
  "id",
  "order_id",
  "orderId",
  "a_b_c",
  "x1",
  "_1",
  "_2",
  "constructor",
  "to_string",
  "value_of",
  "__proto__",
  "UPPER",
  "v",
  "json",
  "m",
  "k",
] as const;

/**
 * Returns a random message type with messages, enums and maps in it, or `undefined` if protobuf-es
 * rejects the file.
 */
export function randomDescriptor(random: Random): DescMessage | undefined {
  const syntax = random.of(["proto2", "proto3", "editions"]);
  const messages = ["A", "B", "C"].map((name) => randomType(random, name, syntax));
  const file = create(FileDescriptorProtoSchema, {
    name: "random.proto",
    package: "random",
    syntax: syntax === "proto2" ? "" : syntax,
    ...(syntax === "editions" ? { edition: Edition.EDITION_2023 } : {}),
    messageType: messages,
    enumType: [
      {
        name: "E",
        value: [
          { name: "ZERO", number: 0 },
          { name: "ONE", number: 1 },
          { name: "MINUS", number: -5 },
        ],
      },
    ],
  });
  try {
    return createFileRegistry(file, () => undefined).getMessage("random.A");
  } catch {
    return undefined;
  }
}

function randomType(random: Random, name: string, syntax: string): DescriptorProto {
  const message = create(DescriptorProtoSchema, { name, ...(random.chance(0.5) ? { oneofDecl: [{ name: "choice_of" }] } : {}) });
  const fieldNames = random.list(random.chance(0.2) ? 40 : 8, (i) => (random.chance(0.4) ? random.of(names) : `field_${i}`));
  let oneofs = 0;
  for (const [i, fieldName] of [...new Set(fieldNames)].entries()) {
    const field = create(FieldDescriptorProtoSchema, {
      name: fieldName,
      number: random.chance(0.5) ? i + 1 : 1000 - i,
      label: FieldDescriptorProto_Label.OPTIONAL,
    });
    // Set the JSON name as compilers do: protobuf-es does not derive it.
    field.jsonName = protoCamelCase(fieldName);
    setType(random, field);
    if (random.chance(0.1)) {
      field.jsonName = random.of(['quo"ted', "12", "3", "with space", "\u2028", "`back`"]) + i;
    }
    const kind = random.next();
    if (kind < 0.2) {
      field.label = FieldDescriptorProto_Label.REPEATED;
    } else if (kind < 0.35) {
      const entry = `Entry${i}`;
      const [key, value] = [
        create(FieldDescriptorProtoSchema, { name: "key", number: 1, label: field.label }),
        create(FieldDescriptorProtoSchema, { ...field, name: "value", number: 2, jsonName: "value" }),
      ];
      key.type = random.of([
        FieldDescriptorProto_Type.STRING,
        FieldDescriptorProto_Type.INT32,
        FieldDescriptorProto_Type.UINT64,
        FieldDescriptorProto_Type.BOOL,
        FieldDescriptorProto_Type.SINT64,
        FieldDescriptorProto_Type.FIXED32,
      ]);
      message.nestedType.push(create(DescriptorProtoSchema, { name: entry, field: [key, value], options: { mapEntry: true } }));
      Object.assign(field, {
        label: FieldDescriptorProto_Label.REPEATED,
        type: FieldDescriptorProto_Type.MESSAGE,
        typeName: `.random.${name}.${entry}`,
      });
    } else if (kind < 0.55 && message.oneofDecl.length > 0) {
      field.oneofIndex = 0;
      oneofs++;
    } else if (kind < 0.6 && syntax === "proto2") {
      field.label = FieldDescriptorProto_Label.REQUIRED;
    }
    message.field.push(field);
  }
  if (oneofs === 0) {
    message.oneofDecl = [];
  }
  return message;
}

function setType(random: Random, field: FieldDescriptorProto): void {
  field.type =
    random.of(Array.from({ length: 18 }, (_, i) => i + 1).filter((type) => type !== FieldDescriptorProto_Type.GROUP)) ??
    FieldDescriptorProto_Type.INT32;
  if (field.type === FieldDescriptorProto_Type.MESSAGE) {
    field.typeName = `.random.${random.of(["A", "B", "C"])}`;
  }
  if (field.type === FieldDescriptorProto_Type.ENUM) {
    field.typeName = ".random.E";
  }
}
