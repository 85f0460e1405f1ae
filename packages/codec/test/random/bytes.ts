// Generates random bytes that resemble a message: mostly correct wire types, with repeated,
// reordered, unknown, packed and unpacked fields, and overlong varints.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { scalar } from "./message.ts";
import type { Random } from "./random.ts";

export function randomBytes(random: Random, schema: DescMessage, depth = 0): number[] {
  const bytes: number[] = [];
  for (let i = random.int(depth > 4 ? 2 : 7); i > 0; i--) {
    if (schema.fields.length === 0 || random.chance(0.1)) unknownField(random, bytes, 1 + random.int(40), depth);
    else knownField(random, bytes, random.pick(schema.fields), depth);
  }
  return bytes;
}

function varint(random: Random, bytes: number[], value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  let count = 1;
  for (; rest > 0x7fn; rest >>= 7n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    count++;
  }
  bytes.push(Number(rest));
  if (!random.chance(0.02)) return;
  bytes[bytes.length - 1] = Number(rest) | 0x80;
  for (let more = random.int(11 - count + (random.chance(0.1) ? 2 : 0)); more > 0; more--) bytes.push(0x80);
  bytes.push(0);
}

function tag(random: Random, bytes: number[], number: number, wire: number): void {
  varint(random, bytes, BigInt(number * 8 + (random.chance(0.01) ? random.int(8) : wire)));
}

function delimited(random: Random, bytes: number[], content: readonly number[]): void {
  varint(random, bytes, BigInt(content.length + (random.chance(0.01) ? random.int(4) - 1 : 0)));
  for (const byte of content) bytes.push(byte);
}

function unknownField(random: Random, bytes: number[], number: number, depth: number): void {
  const wire = random.pick([0, 1, 2, 3, 5]);
  tag(random, bytes, number, wire);
  if (wire === 0) varint(random, bytes, BigInt(random.bits()));
  else if (wire === 1) fixed(random, bytes, 8);
  else if (wire === 5) fixed(random, bytes, 4);
  else if (wire === 2) delimited(random, bytes, [...Array(random.int(5))].fill(7));
  else {
    if (depth < 4 && random.chance(0.5)) unknownField(random, bytes, number + 1, depth + 1);
    tag(random, bytes, number, 4);
  }
}

function fixed(random: Random, bytes: number[], count: number): void {
  for (let i = 0; i < count; i++) bytes.push(random.int(256));
}

function knownField(random: Random, bytes: number[], field: DescField, depth: number): void {
  const { number } = field;
  if (field.fieldKind === "map") {
    for (let n = 1 + random.int(2); n > 0; n--) {
      const entry: number[] = [];
      for (let parts = random.chance(0.8) ? 2 : random.int(4); parts > 0; parts--) {
        if (random.chance(0.05)) unknownField(random, entry, 3 + random.int(3), depth);
        else if (parts % 2 === 0) scalarField(random, entry, 1, field.mapKey);
        else if (field.message !== undefined) messageField(random, entry, 2, field.message, false, depth);
        else scalarField(random, entry, 2, field.enum === undefined ? (field.scalar as ScalarType) : ScalarType.INT32);
      }
      tag(random, bytes, number, 2);
      delimited(random, bytes, entry);
    }
    return;
  }
  if (field.message !== undefined) {
    messageField(random, bytes, number, field.message, "delimitedEncoding" in field && field.delimitedEncoding === true, depth);
    return;
  }
  const type = field.enum === undefined ? (field.scalar as ScalarType) : ScalarType.INT32;
  if (field.fieldKind === "list" && type !== ScalarType.STRING && type !== ScalarType.BYTES && random.chance(0.5)) {
    const content: number[] = [];
    for (let n = random.int(5); n > 0; n--) scalarValue(random, content, type);
    tag(random, bytes, number, 2);
    delimited(random, bytes, content);
  } else if (field.enum !== undefined && random.chance(0.7)) {
    tag(random, bytes, number, 0);
    varint(random, bytes, BigInt(random.pick(field.enum.values).number));
  } else scalarField(random, bytes, number, type);
}

function messageField(random: Random, bytes: number[], number: number, schema: DescMessage, group: boolean, depth: number): void {
  const content = depth > 6 ? [] : randomBytes(random, schema, depth + 1);
  tag(random, bytes, number, group ? 3 : 2);
  if (group) {
    for (const byte of content) bytes.push(byte);
    tag(random, bytes, number, 4);
  } else delimited(random, bytes, content);
}

function wireOf(type: ScalarType): number {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return 2;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 1;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 5;
    default:
      return 0;
  }
}

function scalarField(random: Random, bytes: number[], number: number, type: ScalarType): void {
  tag(random, bytes, number, wireOf(type));
  scalarValue(random, bytes, type);
}

function scalarValue(random: Random, bytes: number[], type: ScalarType): void {
  switch (wireOf(type)) {
    case 1:
      fixed(random, bytes, 8);
      return;
    case 5:
      fixed(random, bytes, 4);
      return;
    case 0:
      varint(random, bytes, (random.chance(0.2) ? -1n : 1n) * ((BigInt(random.bits()) << 32n) >> BigInt(random.int(64))));
      return;
  }
  const content =
    type === ScalarType.BYTES || random.chance(0.1)
      ? [...(scalar(random, ScalarType.BYTES) as Uint8Array)]
      : [...Buffer.from(scalar(random, ScalarType.STRING) as string)];
  delimited(random, bytes, content);
}

/** Returns a copy of the bytes with a few changes, or cut short. */
export function mutate(random: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  if (random.chance(0.3)) return bytes.slice(0, random.int(bytes.length));
  const changed = [...bytes];
  for (let n = 1 + random.int(3); n > 0; n--) {
    const at = random.int(changed.length + 1);
    switch (random.int(4)) {
      case 0:
        changed.splice(at, 1);
        break;
      case 1:
        changed.splice(at, 0, random.int(256));
        break;
      case 2:
        changed[at % changed.length] = random.int(256);
        break;
      default:
        changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ (1 << random.int(8));
    }
    if (changed.length === 0) break;
  }
  return Uint8Array.from(changed);
}
