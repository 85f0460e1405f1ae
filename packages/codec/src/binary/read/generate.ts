// Generates the function that reads a message from its descriptor.
//
// The generated code is one loop over tags with a case for each field. It follows protobuf-es,
// including its leniency: the field number alone selects the field, and only lists check the wire
// type, to distinguish packed from unpacked values.
import { create, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { Fields } from "../../generate/empty-message.ts";
import { integer, literal, propertyOf, Source } from "../../generate/source.ts";
import { depthLimit } from "../../shape/depth.ts";
import { isPlainStruct, unwrapped } from "../../shape/field.ts";
import { setOwn } from "../../shape/object.ts";
import { isDelimited } from "../compilable.ts";
import { Wire } from "../wire.ts";
import { readEnd, readPacked, readScalar, readTag, zeroOf } from "./generate-scalar.ts";
import * as inputs from "./input.ts";
import { readStruct } from "./struct.ts";
import { looseText, strictText } from "./text.ts";

/**
 * Reads the fields of a message from `at` to `end`, or, for a group, from `at` to the end tag of
 * field number `end`. Returns the position after the last byte read, which may exceed `end`.
 */
export type Read = (message: Fields, at: number, end: number, depth: number) => number;

/** Creates and reads messages of a type. */
export interface Reader {
  /** The constructor of an empty message. */
  readonly Message: new () => Fields;
  readonly read: Read;
}

/** Finds the reader of a nested type. Calls `relink` when it is compiled, if it is not yet. */
export type FindReader = (message: DescMessage, group: boolean, relink: () => void) => Reader & { readonly isCompiled: boolean };

/** Most integers take one byte: these tables avoid creating a BigInt or a string. */
const small = Array.from({ length: 128 }, (_, value) => BigInt(value));
const smallZigzag = small.map((value) => (value & 1n ? -((value + 1n) / 2n) : value / 2n));
const smallText = small.map(String);
const smallZigzagText = smallZigzag.map(String);

/** Names that the generated code uses. */
const runtime = {
  ...inputs,
  strictText,
  looseText,
  readStruct,
  setOwn,
  small,
  smallZigzag,
  smallText,
  smallZigzagText,
  closedValue,
};

/** Returns the unknown field that protobuf-es creates for a value outside a closed enum. */
function closedValue(no: number, wireType: number, value: number): { no: number; wireType: number; data: Uint8Array } {
  const data: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) data.push(Number(rest & 0x7fn) | 0x80);
  data.push(Number(rest));
  return { no, wireType, data: new Uint8Array(data) };
}

/**
 * Variables of the function: `m` (message), `p` (position), `end`, `depth`, `b` (bytes), `length`
 * (their number), `t` (tag), `l` (length of a value), `v` (value).
 *
 * @param group `true` if the message is a group, which ends with an end tag.
 */
export function generateRead(message: DescMessage, group: boolean, find: FindReader): Read {
  const source = new Source();
  const children = new Children(source, find);
  const cases = message.fields.map((field) => `case ${integer(field.number)}: { ${readField(source, children, field)} continue; }`);
  // protobuf-es gets the array of unknown fields at the start and sets it at the end. Unknown
  // values of closed enums that were added to a new array in between are lost. An existing array is
  // kept.
  const closed = message.fields.some((field) => field.fieldKind === "enum" && !field.enum.open);
  source.add(
    `if (depth > ${depthLimit}) reject();`,
    "const b = input.bytes, length = input.length;",
    "let t = 0, l = 0, v, unknown;",
    closed ? 'const before = m["$unknown"];' : "",
    group ? "let ended = false; const end = length;" : "",
    "while (p < end) {",
    readTag,
    group ? `if ((t & 7) === ${Wire.groupEnd}) { if (t >>> 3 !== group) reject(); ended = true; break; }` : "",
    "switch (t >>> 3) {",
    ...cases,
    "}",
    "l = p;",
    "p = skip(t, p, depth);",
    `if (unknown === undefined) { unknown = ${closed ? "before" : 'm["$unknown"]'}; if (unknown === undefined) unknown = []; }`,
    "unknown.push({ no: t >>> 3, wireType: t & 7, data: view(l, p) });",
    "}",
    group ? "if (!ended) reject();" : "",
    'if (unknown !== undefined) m["$unknown"] = unknown;',
    "return p;",
  );
  return source.build(group ? "m, p, group, depth" : "m, p, end, depth", runtime);
}

/**
 * The readers of nested messages. They are looked up on first use, because a message can contain
 * itself.
 */
class Children {
  readonly #source: Source;
  readonly #find: FindReader;
  readonly #indexes = new Map<string, number>();

  constructor(source: Source, find: FindReader) {
    this.#source = source;
    this.#find = find;
  }

  /**
   * Returns the index N of a reader. `MessageN` and `readN` are its parts once it is compiled. Until
   * then, `beginN` and `coldN` stand in for them: V8 inlines a call only if its place has seen no
   * other function.
   */
  indexOf(message: DescMessage, group: boolean): number {
    const find = this.#find;
    const key = `${this.#source.constant(message)} ${group}`;
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.#indexes.size;
      this.#indexes.set(key, index);
      const found = this.#source.constant((relink: () => void) => find(message, group, relink));
      this.#source.prepare(
        `let Message${index}, read${index}, reader${index};`,
        `const link${index} = () => {
          reader${index} = ${found}(link${index});
          if (!reader${index}.isCompiled) return;
          Message${index} = reader${index}.Message;
          read${index} = reader${index}.read;
        };`,
        `const begin${index} = () => { if (reader${index} === undefined) link${index}(); return new reader${index}.Message(); };`,
        `const cold${index} = (child, p, end, depth) => {
          if (reader${index} === undefined) link${index}();
          return reader${index}.read(child, p, end, depth);
        };`,
      );
    }
    return index;
  }
}

function readField(source: Source, children: Children, field: DescField): string {
  const target = propertyOf("m", field.localName);
  switch (field.fieldKind) {
    case "scalar":
      return `${readScalar(field.scalar, field.utf8Validation, field.longAsString)} ${set(field, "v")}`;
    case "enum":
      return `${readScalar(ScalarType.INT32)} ${readEnum(source, field)}`;
    case "message":
      if (unwrapped(field) !== undefined) return readWrapper(source, field);
      return readChild(children, field, current(field), (child) => set(field, child));
    case "list": {
      if (field.listKind === "message") return readChild(children, field, undefined, (child) => `${target}.push(${child});`);
      const type = field.listKind === "enum" ? ScalarType.INT32 : field.scalar;
      const longAsString = field.listKind === "scalar" && field.longAsString;
      const one = `${readScalar(type, field.utf8Validation, longAsString)} list.push(v);`;
      if (type === ScalarType.STRING || type === ScalarType.BYTES) return `const list = ${target}; ${one}`;
      return `const list = ${target};
        if ((t & 7) === ${Wire.bytes}) { ${readEnd("last")} ${readPacked(type, one, longAsString)} } else { ${one} }`;
    }
    case "map":
      return readMap(children, field);
  }
}

function set(field: DescField, value: string): string {
  return field.oneof === undefined
    ? `${propertyOf("m", field.localName)} = ${value};`
    : `${propertyOf("m", field.oneof.localName)} = { case: ${literal(field.localName)}, value: ${value} };`;
}

/**
 * Returns an expression for the current value of a message field, into which the next value is
 * merged.
 */
function current(field: DescField): string {
  if (field.oneof === undefined) return propertyOf("m", field.localName);
  const oneof = propertyOf("m", field.oneof.localName);
  return `(${oneof}.case === ${literal(field.localName)} ? ${oneof}.value : undefined)`;
}

function readEnum(source: Source, field: DescField & { fieldKind: "enum" }): string {
  if (field.enum.open) return set(field, "v");
  const numbers = [...new Set(field.enum.values.map((value) => value.number))];
  const known = numbers.length > 8 ? `${source.constant(new Set(numbers))}.has(v)` : numbers.map((n) => `v === ${integer(n)}`).join(" || ");
  return `if (${known}) { ${set(field, "v")} } else {
    const closed = m["$unknown"] === undefined ? [] : m["$unknown"];
    closed.push(closedValue(${integer(field.number)}, t & 7, v));
    m["$unknown"] = closed;
  }`;
}

/** Reads into the existing message, or into a new one. */
function readChild(children: Children, field: DescField, held: string | undefined, use: (child: string) => string): string {
  if (isPlainStruct(field)) {
    return `${readEnd("last")} let child = ${held ?? "undefined"}; if (child === undefined) child = {};
      p = readStruct(child, p, last, depth + 1); ${use("child")}`;
  }
  const group = isDelimited(field);
  const i = children.indexOf(field.message as DescMessage, group);
  const made = makeChild(i);
  const make = held === undefined ? `const child = ${made};` : `let child = ${held}; if (child === undefined) child = ${made};`;
  const read = (end: string) => {
    const given = `(child, p, ${end}, depth + 1)`;
    return `p = read${i} === undefined ? cold${i}${given} : read${i}${given}; ${use("child")}`;
  };
  return group ? `${make} ${read(integer(field.number))}` : `${readEnd("last")} ${make} ${read("last")}`;
}

const makeChild = (index: number) => `Message${index} === undefined ? begin${index}() : new Message${index}()`;

function readWrapper(source: Source, field: DescField & { fieldKind: "message" }): string {
  const value = unwrapped(field);
  if (value === undefined) throw new TypeError(`${field.message.typeName} is not a wrapper`);
  const target = propertyOf("m", field.localName);
  const zero = source.constant((create(field.message) as unknown as Fields)[value.localName]);
  return `${readEnd("last")}
    if (depth >= ${depthLimit}) reject();
    let wrapped = ${target};
    if (wrapped === undefined) wrapped = ${zero};
    while (p < last) {
      ${readTag}
      if (t >>> 3 === 1) { ${readScalar(value.scalar, value.utf8Validation, value.longAsString)} wrapped = v; } else p = skip(t, p, depth + 1);
    }
    ${target} = wrapped;`;
}

function readMap(children: Children, field: DescField & { fieldKind: "map" }): string {
  let value: string;
  let absent: string;
  if (field.mapKind === "message") {
    value = readChild(children, field, "value", (child) => `value = ${child};`);
    // The first entry may lack a value, so the reader may not be linked yet.
    const i = isPlainStruct(field) ? undefined : children.indexOf(field.message, false);
    absent = i === undefined ? "value = {};" : `value = ${makeChild(i)};`;
  } else if (field.mapKind === "enum") {
    value = `${readScalar(ScalarType.INT32)} value = v;`;
    absent = `value = ${integer(field.enum.values[0]?.number ?? 0)};`;
  } else {
    value = `${readScalar(field.scalar, field.utf8Validation, false)} value = v;`;
    absent = `value = ${zeroOf(field.scalar)};`;
  }
  const put = field.mapKey === ScalarType.STRING ? "setOwn(entries, key, value);" : "entries[key] = value;";
  return `${readEnd("entryEnd")}
    const entries = ${propertyOf("m", field.localName)};
    let key, value;
    while (p < entryEnd) {
      ${readTag}
      switch (t >>> 3) {
        case 1: { ${readScalar(field.mapKey, field.utf8Validation, false)} key = v; continue; }
        case 2: { ${value} continue; }
      }
      p = skip(t, p, depth);
    }
    if (key === undefined) key = ${zeroOf(field.mapKey)};
    if (value === undefined) { ${absent} }
    ${put}`;
}
