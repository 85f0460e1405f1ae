// From a message's descriptor to the function that writes it.
//
// The generated code reads an init shape or a message and writes it in one pass, with no message made of it first. What it does not expect (a
// string for a number, say, which protobuf-es takes) it gives up, and protobuf-es writes the message or says why not.
//
// Between two fields there is always room for all that is fixed in the fields to come; so only what varies in length asks for room.
import { create, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { integer, literal, propertyOf, Source } from "../../generate/source.ts";
import { isPlainStruct, unwrapped } from "../../shape/field.ts";
import { isDelimited } from "../compilable.ts";
import { tagBytes, Wire, wireOf } from "../wire.ts";
import { close, ensure, fits, fixedRoom, lengthRoom, mapKey, notZero, tag, typeOf, valueRoom, writeScalar } from "./generate-scalar.ts";
import { giveUp, grow, output, seal, varint } from "./output.ts";
import { writeStruct } from "./struct.ts";
import * as values from "./value.ts";

/**
 * Writes a message at a position of the output. Unless `strict`, the message may be an init shape: within a message there are only messages.
 * Returns the position after it.
 */
export type Write = (message: Readonly<Record<string, unknown>>, at: number, strict: boolean) => number;

/** Finds the writer of a type within others. Calls `relink` when another writer takes its place. */
export type FindWriter = (message: DescMessage, relink: () => void) => Write;

/** What the generated code calls. */
const runtime = {
  ...values,
  giveUp,
  grow,
  output,
  seal,
  varint,
  writeStruct,
  isArray: Array.isArray,
  prototypeOf: Object.getPrototypeOf,
  hasOwn: Object.prototype.hasOwnProperty,
};

/**
 * Variables of the function: `m` (message), `p` (position), `strict`, `b` (bytes), `v` (value), `oN` and `kN` (a oneof and its case), `real` (`m`
 * is a message, not an init shape), `plain` (its prototype has nothing but defaults).
 */
export function generateWrite(message: DescMessage, find: FindWriter): Write {
  return new Generator(message, find).generate();
}

class Generator {
  readonly #message: DescMessage;
  readonly #find: FindWriter;
  readonly #source = new Source();
  /** The prototype of the messages that protobuf-es makes: it has the defaults of fields that know whether they are set. */
  readonly #prototype: object;
  readonly #indexes = new Map<DescMessage, number>();
  #guesses = 0;

  constructor(message: DescMessage, find: FindWriter) {
    this.#message = message;
    this.#find = find;
    this.#prototype = Object.getPrototypeOf(create(message));
  }

  generate(): Write {
    const source = this.#source;
    const fields = this.#message.fields.toSorted((a, b) => a.number - b.number);
    let room = 0;
    const code: string[] = [];
    // From the last to the first, for each has to know what comes after it.
    for (const field of fields.reverse()) {
      code.push(this.#field(field, room));
      room += fixedRoom(field);
    }
    source.add(
      `const real = m.$typeName === ${literal(this.#message.typeName)};`,
      'if (!real && (strict || typeof m !== "object" || isArray(m))) giveUp();',
      `const plain = !real || prototypeOf(m) === ${source.constant(this.#prototype)};`,
      "let b = output.bytes, v;",
      ensure(room),
      ...this.#message.oneofs.map(
        ({ localName }, i) => `const o${i} = ${propertyOf("m", localName)}; let k${i};
          if (o${i} !== undefined && o${i} !== null) k${i} = o${i}.case; else if (real) giveUp();`,
      ),
      ...code.reverse(),
      "if (real && (v = m.$unknown) !== undefined) p = unknownFields(v, p);",
      "return p;",
    );
    return source.build("m, p, strict", runtime);
  }

  #field(field: DescField, room: number): string {
    const source = `v = ${propertyOf("m", field.localName)};`;
    switch (field.fieldKind) {
      case "list":
        return `${source} if (isArray(v)) { if (v.length > 0) { ${this.#list(field, room)} } } else if (v != null || real) giveUp();`;
      case "map":
        return `${source} if (typeof v === "object" && v !== null && !isArray(v)) { ${this.#map(field, room)} } else if (v != null || real) giveUp();`;
    }
    const type = typeOf(field);
    const write = this.#singular(field, room);
    if (field.oneof !== undefined) {
      const i = this.#message.oneofs.indexOf(field.oneof);
      return `if (k${i} === ${literal(field.localName)}) { v = o${i}.value; if (!(${fits(type)})) giveUp(); ${write} }`;
    }
    if (field.presence === FeatureSet_FieldPresence.IMPLICIT) {
      const set = field.fieldKind === "enum" ? `v !== ${integer(field.enum.values[0]?.number ?? 0)}` : notZero(type);
      return `${source} if (${fits(type)}) { if (${set}) { ${write} } } else if (v != null || real) giveUp();`;
    }
    const has = `(${this.#inherited(field)} || hasOwn.call(m, ${literal(field.localName)}))`;
    return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED
      ? `${source} if (${fits(type)} && ${has}) { ${write} } else giveUp();`
      : `${source} if (${fits(type)}) { if (${has}) { ${write} } } else if (v !== undefined && (v !== null || real)) giveUp();`;
  }

  /** An expression that is true if `v`, which is not undefined, cannot have come from the prototype of a message. */
  #inherited({ localName }: DescField): string {
    if (!(localName in this.#prototype)) return "plain";
    const value = (this.#prototype as Readonly<Record<string, unknown>>)[localName];
    // NaN is not itself.
    return Number.isNaN(value) ? "!real" : `!real || (plain && v !== ${this.#source.constant(value)})`;
  }

  /** Writes a value that is there, with its tag. */
  #singular(field: DescField, room: number): string {
    if (field.fieldKind === "message") {
      if (unwrapped(field) !== undefined) return this.#wrapper(field, room);
      return this.#child(field, "v", room);
    }
    const type = typeOf(field) as ScalarType;
    return `${tag(field.number, wireOf(type))} ${writeScalar(type, room)}`;
  }

  #list(field: DescField & { fieldKind: "list" }, room: number): string {
    const loop = (body: string) => `const list = v; for (let i = 0; i < list.length; i++) { v = list[i]; ${body} }`;
    if (field.listKind === "message") {
      const most = tagBytes(field.number, Wire.groupStart).length + lengthRoom + room;
      return loop(`${ensure(most)} if (typeof v !== "object" || v === null) giveUp(); ${this.#child(field, "v", room)}`);
    }
    const type = typeOf(field) as ScalarType;
    const check = `if (!(${fits(type)})) giveUp();`;
    if (!field.packed) {
      const most = tagBytes(field.number, 0).length + valueRoom(type) + room;
      return loop(`${check} ${ensure(most)} ${tag(field.number, wireOf(type))} ${writeScalar(type, room)}`);
    }
    if (type === ScalarType.STRING || type === ScalarType.BYTES) throw new TypeError(`${field} cannot be packed`);
    const one = valueRoom(type);
    const prefix = `${tag(field.number, Wire.bytes)}`;
    if (wireOf(type) !== Wire.varint || type === ScalarType.BOOL) {
      return `const size = v.length * ${one}; ${ensure(room + tagBytes(field.number, 2).length + lengthRoom, "size")}
        ${prefix} p = varint(size, p); ${loop(`${check} ${writeScalar(type, 0)}`)}`;
    }
    const g = this.#guess();
    return `${prefix} const start = p, guess = ${g}; p += guess;
      ${loop(`${check} ${ensure(one + room)} ${writeScalar(type, 0)}`)} ${close("start", "guess", g, room)}`;
  }

  #map(field: DescField & { fieldKind: "map" }, room: number): string {
    const entry = this.#guess();
    const keyType = field.mapKey;
    // The tags of key and value take a byte each.
    const valueMost =
      1 + (field.mapKind === "message" ? lengthRoom : valueRoom(field.mapKind === "enum" ? ScalarType.INT32 : field.scalar)) + room;
    const most = tagBytes(field.number, Wire.bytes).length + lengthRoom + 1 + valueRoom(keyType) + valueMost;
    let value: string;
    if (field.mapKind === "message") {
      value = `if (typeof v !== "object" || v === null) giveUp(); ${this.#child(field, "v", room, 2)}`;
    } else {
      const type = field.mapKind === "enum" ? ScalarType.INT32 : field.scalar;
      value = `if (!(${fits(type)})) giveUp(); ${tag(2, wireOf(type))} ${writeScalar(type, room)}`;
    }
    // With for-in, V8 knows where the values are; by Object.keys() it would have to look each of them up.
    return `const entries = v;
      for (const name in entries) {
        if (!hasOwn.call(entries, name)) continue;
        ${ensure(most)}
        ${tag(field.number, Wire.bytes)} const entry = p, guess = ${entry}; p += guess;
        v = ${mapKey(keyType)}; if (!(${fits(keyType)})) giveUp();
        ${tag(1, wireOf(keyType))} ${writeScalar(keyType, valueMost)}
        v = entries[name];
        ${value}
        ${close("entry", "guess", entry, room)}
      }`;
  }

  #child(field: DescField, value: string, room: number, number = field.number): string {
    const struct = isPlainStruct(field);
    if (struct) {
      const g = this.#guess();
      return `${tag(number, Wire.bytes)} { const start = p, guess = ${g};
        if (typeof ${value} !== "object" || isArray(${value})) giveUp(); p = writeStruct(${value}, p + guess); b = output.bytes; ${close("start", "guess", g, room)} }`;
    }
    const i = this.#indexOf(field.message as DescMessage);
    const write = `write${i}`;
    const link = `if (${write} === undefined) link${i}();`;
    if (isDelimited(field)) {
      const end = tag(number, Wire.groupEnd);
      return `${link} ${tag(number, Wire.groupStart)} p = ${write}(${value}, p, real); b = output.bytes;
        ${ensure(tagBytes(number, Wire.groupEnd).length + room)} ${end}`;
    }
    const g = this.#guess();
    return `${link} ${tag(number, Wire.bytes)} { const start = p, guess = ${g};
      p = ${write}(${value}, p + guess, real); b = output.bytes; ${close("start", "guess", g, room)} }`;
  }

  #wrapper(field: DescField & { fieldKind: "message" }, room: number): string {
    const value = unwrapped(field);
    if (value === undefined) throw new TypeError(`${field.message.typeName} is no wrapper`);
    const g = this.#guess();
    return `${tag(field.number, Wire.bytes)} { const start = p, guess = ${g}; p += guess;
      if (!(${fits(value.scalar)})) giveUp();
      if (${notZero(value.scalar)}) { ${tag(1, wireOf(value.scalar))} ${writeScalar(value.scalar, room)} }
      ${close("start", "guess", g, room)} }`;
  }

  /** The index of a child's writer: it is `writeN`, once `linkN` is called. */
  #indexOf(message: DescMessage): number {
    let index = this.#indexes.get(message);
    if (index === undefined) {
      const find = this.#find;
      index = this.#indexes.size;
      this.#indexes.set(message, index);
      const found = this.#source.constant((relink: () => void) => find(message, relink));
      this.#source.prepare(`let write${index};`, `const link${index} = () => { write${index} = ${found}(link${index}); };`);
    }
    return index;
  }

  /** A variable for the size of the length that a field's last value had. The next value is written with room for a length of this size. */
  #guess(): string {
    const name = `guess${this.#guesses++}`;
    this.#source.prepare(`let ${name} = 1;`);
    return name;
  }
}
