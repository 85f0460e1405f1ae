// Generates the function that writes a message from its descriptor.
//
// The generated code writes an init shape or a message in one pass, without creating a message
// first. For unexpected values, such as a string for a number, it gives up, and protobuf-es writes
// the message or throws the error.
//
// Between two fields there is always room for the fixed parts of all remaining fields, so only
// values of variable length reserve room.
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
 * Writes a message at a position of the output and returns the position after it. If `strict`, the
 * value must be a message, because messages contain only messages. Otherwise it may be an init
 * shape.
 */
export type Write = (message: Readonly<Record<string, unknown>>, at: number, strict: boolean) => number;

/** Finds the writer of a nested type. Calls `relink` when it is compiled, if it is not yet. */
export type FindWriter = (message: DescMessage, relink: () => void) => { readonly write: Write; readonly isCompiled: boolean };

/** Names that the generated code uses. */
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
 * Variables of the function: `m` (message), `p` (position), `strict`, `b` (bytes), `v` (value),
 * `oN` and `kN` (a oneof and its case), `real` (`m` is a message, not an init shape), `plain` (the
 * prototype of `m` has only defaults).
 */
export function generateWrite(message: DescMessage, find: FindWriter): Write {
  return new Generator(message, find).generate();
}

class Generator {
  readonly #message: DescMessage;
  readonly #find: FindWriter;
  readonly #source = new Source();
  /**
   * The prototype of protobuf-es's messages. It has the defaults of fields with explicit presence.
   */
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
    // Last field first, because each field must know how much room the following ones need.
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

  /**
   * Returns an expression that is true if `v`, which is defined, cannot come from the prototype.
   */
  #inherited({ localName }: DescField): string {
    if (!(localName in this.#prototype)) return "plain";
    const value = (this.#prototype as Readonly<Record<string, unknown>>)[localName];
    // NaN is not equal to itself.
    return Number.isNaN(value) ? "!real" : `!real || (plain && v !== ${this.#source.constant(value)})`;
  }

  /** Writes a value with its tag. */
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
    // The tags of key and value take one byte each.
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
    // V8 knows where the values are with for-in. Object.keys() would need a lookup for each.
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
    const write = (at: string) => `p = write${i} === undefined ? cold${i}(${value}, ${at}, real) : write${i}(${value}, ${at}, real);`;
    if (isDelimited(field)) {
      const end = tag(number, Wire.groupEnd);
      return `${tag(number, Wire.groupStart)} ${write("p")} b = output.bytes;
        ${ensure(tagBytes(number, Wire.groupEnd).length + room)} ${end}`;
    }
    const g = this.#guess();
    return `${tag(number, Wire.bytes)} { const start = p, guess = ${g};
      ${write("p + guess")} b = output.bytes; ${close("start", "guess", g, room)} }`;
  }

  #wrapper(field: DescField & { fieldKind: "message" }, room: number): string {
    const value = unwrapped(field);
    if (value === undefined) throw new TypeError(`${field.message.typeName} is not a wrapper`);
    const g = this.#guess();
    return `${tag(field.number, Wire.bytes)} { const start = p, guess = ${g}; p += guess;
      if (!(${fits(value.scalar)})) giveUp();
      if (${notZero(value.scalar)}) { ${tag(1, wireOf(value.scalar))} ${writeScalar(value.scalar, room)} }
      ${close("start", "guess", g, room)} }`;
  }

  /**
   * Returns the index N of a nested type's writer. `writeN` is its function once it is compiled.
   * Until then, `coldN` stands in for it: V8 inlines a call only if its place has seen no other
   * function.
   */
  #indexOf(message: DescMessage): number {
    let index = this.#indexes.get(message);
    if (index === undefined) {
      const find = this.#find;
      index = this.#indexes.size;
      this.#indexes.set(message, index);
      const found = this.#source.constant((relink: () => void) => find(message, relink));
      this.#source.prepare(
        `let write${index}, writer${index};`,
        `const link${index} = () => {
          writer${index} = ${found}(link${index});
          if (writer${index}.isCompiled) write${index} = writer${index}.write;
        };`,
        `const cold${index} = (child, p, strict) => {
          if (writer${index} === undefined) link${index}();
          return writer${index}.write(child, p, strict);
        };`,
      );
    }
    return index;
  }

  /**
   * Declares a variable with the size of the last length that the field had. The next value
   * reserves that size.
   */
  #guess(): string {
    const name = `guess${this.#guesses++}`;
    this.#source.prepare(`let ${name} = 1;`);
    return name;
  }
}
