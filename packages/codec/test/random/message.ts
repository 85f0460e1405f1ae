// Generates random init shapes of a message: what programs pass to `encode`, and sometimes invalid
// values.
import { create, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { Random } from "./random.ts";

type Init = Record<string, unknown>;

export interface Rates {
  /** The probability of a value with the wrong type or range. */
  readonly odd: number;
  /** The probability of a message instead of an init shape. */
  readonly real: number;
}

export function randomInit(random: Random, schema: DescMessage, rates: Rates, depth = 0): Init {
  const init: Init = {};
  for (const member of schema.members) {
    const required = member.kind === "field" && member.presence === 3;
    if (!random.chance(required ? 0.97 : depth === 0 ? 0.6 : 0.4 / depth)) continue;
    if (member.kind === "oneof") {
      const field = random.pick(member.fields);
      init[member.localName] = random.chance(rates.odd)
        ? random.pick([undefined, null, { case: undefined }, { case: "nobody", value: 1 }, { case: field.localName }, "text", 5])
        : { case: field.localName, value: single(random, field, rates, depth) };
    } else init[member.localName] = random.chance(rates.odd / 2) ? oddValue(random) : value(random, member, rates, depth);
  }
  if (random.chance(rates.odd / 2)) init["$unknown"] = unknown(random);
  if (!random.chance(rates.real)) return init;
  const message = create(schema, init as never) as unknown as Init;
  if (random.chance(0.3)) message["$unknown"] = unknown(random);
  // Not every message comes from create().
  if (random.chance(rates.odd)) return { ...message };
  if (random.chance(rates.odd)) delete message[random.pick(Object.keys(message))];
  return message;
}

function value(random: Random, field: DescField, rates: Rates, depth: number): unknown {
  if (field.fieldKind === "list") {
    const length = random.chance(0.05) ? random.int(200) : random.int(4);
    return Array.from({ length }, () => single(random, field, rates, depth));
  }
  if (field.fieldKind === "map") {
    const entries: Init = {};
    for (let i = random.int(4); i > 0; i--) {
      const key = random.chance(rates.odd)
        ? random.pick(["x", "", " 1", "1.5", "0x10", "-1", "99999999999999999999"])
        : scalar(random, field.mapKey);
      const name = String(key);
      Object.defineProperty(entries, name, {
        value: single(random, field, rates, depth),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return entries;
  }
  return single(random, field, rates, depth);
}

const wrapper = /^google\.protobuf\.(Double|Float|U?Int(64|32)|Bool|String|Bytes)Value$/;

function single(random: Random, field: DescField, rates: Rates, depth: number): unknown {
  if (random.chance(rates.odd)) return oddValue(random);
  if (field.message !== undefined) {
    if (field.message.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value")
      return json(random, 0, true);
    if (field.fieldKind === "message" && field.oneof === undefined && wrapper.test(field.message.typeName)) {
      return scalar(random, field.message.fields[0]?.scalar as ScalarType);
    }
    return depth > 7 ? {} : randomInit(random, field.message, rates, depth + 1);
  }
  if (field.enum !== undefined) {
    return random.chance(0.8) ? random.pick(field.enum.values).number : random.bits() | 0;
  }
  const scalarValue = scalar(random, field.scalar as ScalarType);
  if (typeof scalarValue === "bigint" && "longAsString" in field && field.longAsString) return String(scalarValue);
  return typeof scalarValue === "bigint" && random.chance(rates.odd)
    ? random.pick([String(scalarValue), Number(scalarValue)])
    : scalarValue;
}

function oddValue(random: Random): unknown {
  return random.pick<unknown>([
    undefined,
    null,
    "",
    "5",
    "text",
    "-0",
    " 7 ",
    0,
    -0,
    -1,
    1.5,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    2 ** 64,
    1e39,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    0n,
    5n,
    -(2n ** 63n),
    2n ** 63n,
    2n ** 64n,
    true,
    false,
    [],
    [1, 2],
    {},
    { value: 5 },
    { $typeName: "x" },
    new Uint8Array([1, 2]),
    new Date(0),
    new Map([[1, 2]]),
    new Float64Array(2),
    () => 1,
  ]);
}

export function scalar(random: Random, type: ScalarType): unknown {
  switch (type) {
    case ScalarType.STRING:
      return text(random);
    case ScalarType.BYTES:
      return Uint8Array.from({ length: random.chance(0.1) ? random.int(300) : random.int(5) }, () => random.int(256));
    case ScalarType.BOOL:
      return random.chance(0.5);
    case ScalarType.DOUBLE:
      return random.pick([0, -0, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, 1e300, random.bits() / 7]);
    case ScalarType.FLOAT:
      return random.pick([0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 3.4028234663852886e38, random.bits() / 7]);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return sized(random) | 0;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return sized(random);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return wide(random);
    default:
      return BigInt.asIntN(64, wide(random));
  }
}

/** Returns an integer with a random number of bits. */
const sized = (random: Random) => random.bits() >>> random.int(32);
const wide = (random: Random) => ((BigInt(random.bits()) << 32n) | BigInt(random.bits())) >> BigInt(random.int(64));

const alphabets = [
  "abcdefghij XYZ019_",
  "äöüßéñ",
  "你好世界谢",
  "😀🎉👍",
  "a你é😀",
  "\u0000\u007f\u0080\u07ff\u0800\uffff\ufffd\ufeff",
  "\ud800\udc00a",
];

function text(random: Random): string {
  if (random.chance(0.02)) return "__proto__";
  const alphabet = [...random.pick(random.chance(0.9) ? alphabets.slice(0, 6) : alphabets)];
  if (random.chance(0.05)) alphabet.push("\udc00", "\ud83d");
  const length = random.chance(0.03) ? random.int(2000) : random.chance(0.2) ? random.int(60) : random.int(12);
  let made = "";
  for (let i = 0; i < length; i++) made += random.pick(alphabet);
  return made;
}

export function json(random: Random, depth: number, object = false): unknown {
  const kind = object ? 7 : random.int(depth > 2 ? 5 : 8);
  if (kind < 5) return random.pick<unknown>([null, true, false, 1.5, 0, "", text(random), random.bits()]);
  if (kind === 5) return Array.from({ length: random.int(4) }, () => json(random, depth + 1));
  const made: Init = {};
  for (let i = random.int(4); i > 0; i--) {
    Object.defineProperty(made, text(random), { value: json(random, depth + 1), enumerable: true, configurable: true, writable: true });
  }
  return made;
}

function unknown(random: Random): unknown {
  return Array.from({ length: random.int(3) }, () => ({
    no: 1 + random.int(500),
    wireType: 0,
    data: Uint8Array.from([1 + random.int(100)]),
  }));
}
