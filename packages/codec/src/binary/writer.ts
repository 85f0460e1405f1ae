// From a message's descriptor to the function that writes it.
//
// The generated code reads an init shape or a message and writes it in one pass, with no message made of it first. What it does not expect (a
// string for a number, say, which protobuf-es takes) it gives up, and protobuf-es writes the message or says why not.
//
// Between two fields there is always room for all that is fixed in the fields to come; so only what varies in length asks for room.
import { create, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { assertCompilable, isDelimited, isWrapped } from "./compilable.ts";
import { isJsonStruct, writeStruct } from "./json-struct.ts";
import { giveUp, grow, output, seal, varint } from "./output.ts";
import { evaluate, integer, literal, property, References } from "./source.ts";
import { tagBytes, Wire, wireOf } from "./wire.ts";
import * as values from "./write-value.ts";

/** Writes a message, or its init shape unless `strict`: in a message there are only messages. Returns the position after it. */
export type Write = (message: Readonly<Record<string, unknown>>, at: number, strict: boolean) => number;

const writers = new WeakMap<DescMessage, Write>();

/** @throws if the message cannot be compiled, or generating code is not allowed. */
export function writerOf(message: DescMessage): Write {
  let write = writers.get(message);
  if (write === undefined) {
    write = new WriterSource(message).compile();
    writers.set(message, write);
  }
  return write;
}

const implicit = 2; // google.protobuf.FeatureSet.FieldPresence.IMPLICIT
const required = 3; // google.protobuf.FeatureSet.FieldPresence.LEGACY_REQUIRED

/** Bytes a length takes at most. */
const lengthRoom = 5;

/** What the generated code calls. */
const environment = {
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

class WriterSource {
  readonly #message: DescMessage;
  /** Of the messages that protobuf-es makes: where the defaults of fields that know whether they are set are. */
  readonly #prototype: object;
  readonly #constants = new References("c");
  readonly #children = new References("write");
  /** How many guesses there are: each is the size of the length that a field's last value had, for the next one to keep room for. */
  #guesses = 0;

  constructor(message: DescMessage) {
    assertCompilable(message);
    this.#message = message;
    this.#prototype = Object.getPrototypeOf(create(message));
  }

  compile(): Write {
    const fields = [...this.#message.fields].sort((a, b) => a.number - b.number);
    let room = 0;
    const code: string[] = [];
    // From the last to the first, for each has to know what comes after it.
    for (const field of fields.reverse()) {
      code.unshift(this.#field(field, room));
      room += fixedRoom(field);
    }
    const oneofs = this.#message.oneofs.map(
      ({ localName }, i) => `const o${i} = ${property("m", localName)}; let k${i};
        if (o${i} !== undefined && o${i} !== null) k${i} = o${i}.case; else if (real) giveUp();`,
    );
    const children = this.#children.values.map((_, i) => `let write${i}; const link${i} = () => { write${i} = link(${i}); };`);
    const guesses = Array.from({ length: this.#guesses }, (_, i) => `let guess${i} = 1;`);
    return evaluate(
      `${this.#constants.declare("constants")}
      const { ${Object.keys(environment).join(", ")} } = environment;
      ${children.join("\n")}
      ${guesses.join("\n")}
      return function write(m, p, strict) {
        const real = m.$typeName === typeName;
        if (!real && (strict || typeof m !== "object" || isArray(m))) giveUp();
        const plain = !real || prototypeOf(m) === prototype;
        let b = output.bytes, v;
        ${ensure(room)}
        ${oneofs.join("\n")}
        ${code.join("\n")}
        if (real && (v = m.$unknown) !== undefined) p = unknownFields(v, p);
        return p;
      };`,
      {
        environment,
        constants: this.#constants.values,
        prototype: this.#prototype,
        typeName: this.#message.typeName,
        link: (index: number) => writerOf(this.#children.values[index] as DescMessage),
      },
    );
  }

  #field(field: DescField, room: number): string {
    const source = `v = ${property("m", field.localName)};`;
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
    if (field.presence === implicit) {
      const set = field.fieldKind === "enum" ? `v !== ${integer(field.enum.values[0]?.number ?? 0)}` : notZero(type);
      return `${source} if (${fits(type)}) { if (${set}) { ${write} } } else if (v != null || real) giveUp();`;
    }
    const has = `(${this.#inherited(field)} || hasOwn.call(m, ${literal(field.localName)}))`;
    return field.presence === required
      ? `${source} if (${fits(type)} && ${has}) { ${write} } else giveUp();`
      : `${source} if (${fits(type)}) { if (${has}) { ${write} } } else if (v !== undefined && (v !== null || real)) giveUp();`;
  }

  /** An expression that is true if `v`, which is not undefined, cannot have come from the prototype of a message. */
  #inherited({ localName }: DescField): string {
    if (!(localName in this.#prototype)) return "plain";
    const value = (this.#prototype as Readonly<Record<string, unknown>>)[localName];
    // NaN is not itself.
    return Number.isNaN(value) ? "!real" : `!real || (plain && v !== ${this.#constants.name(value)})`;
  }

  /** Writes a value that is there, with its tag. */
  #singular(field: DescField, room: number): string {
    if (field.fieldKind === "message") {
      if (isWrapped(field)) return this.#wrapper(field, room);
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
    const struct = isJsonStruct(field);
    if (struct) {
      const g = this.#guess();
      return `${tag(number, Wire.bytes)} { const start = p, guess = ${g};
        if (typeof ${value} !== "object" || isArray(${value})) giveUp(); p = writeStruct(${value}, p + guess); b = output.bytes; ${close("start", "guess", g, room)} }`;
    }
    const write = this.#children.name(field.message);
    const i = this.#children.values.indexOf(field.message);
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
    const [value] = field.message.fields;
    if (value?.fieldKind !== "scalar") throw new TypeError(`${field.message.typeName} is no wrapper`);
    const g = this.#guess();
    return `${tag(field.number, Wire.bytes)} { const start = p, guess = ${g}; p += guess;
      if (!(${fits(value.scalar)})) giveUp();
      if (${notZero(value.scalar)}) { ${tag(1, wireOf(value.scalar))} ${writeScalar(value.scalar, room)} }
      ${close("start", "guess", g, room)} }`;
  }

  #guess(): string {
    return `guess${this.#guesses++}`;
  }
}

/** The scalar type that a field's values are written as; undefined for messages. */
function typeOf(field: DescField): ScalarType | undefined {
  return field.enum === undefined ? field.scalar : ScalarType.INT32;
}

/** Makes sure of room for so many bytes. */
function ensure(bytes: number, more = ""): string {
  const need = more === "" ? `${bytes}` : `${more} + ${bytes}`;
  return bytes === 0 && more === "" ? "" : `if (p + ${need} > b.length) b = grow(p, ${need});`;
}

function tag(number: number, wire: number): string {
  return tagBytes(number, wire)
    .map((byte) => `b[p++] = ${integer(byte)};`)
    .join(" ");
}

/** Writes the length of what stands behind `start`. */
function close(start: string, guess: string, next: string, room: number): string {
  return `{
    const size = p - ${start} - ${guess};
    if (${guess} === 1 && size < 0x80) b[${start}] = size;
    else { p = seal(${start}, ${guess}, p); ${next} = output.lengthSize; b = output.bytes; }
    ${ensure(room)}
  }`;
}

/** The most that a field takes of its own, with what varies in length left out. */
function fixedRoom(field: DescField): number {
  const tag = tagBytes(field.number, 0).length;
  switch (field.fieldKind) {
    case "map":
      return 0;
    case "list":
      return field.packed ? tag + lengthRoom : 0;
    case "message":
      if (isWrapped(field)) return tag + lengthRoom + 1 + valueRoom(field.message.fields[0]?.scalar as ScalarType);
      return tag + lengthRoom;
    default:
      return tag + valueRoom(typeOf(field) as ScalarType);
  }
}

/** The most bytes a value takes; none for what asks for room itself. */
function valueRoom(type: ScalarType): number {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return 0;
    case ScalarType.BOOL:
      return 1;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 4;
    case ScalarType.UINT32:
    case ScalarType.SINT32:
      return 5;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 8;
    default:
      return 10;
  }
}

/** An expression: is `v` what the compiled code writes? If not, it is for protobuf-es to say what it is. */
function fits(type: ScalarType | undefined): string {
  switch (type) {
    case undefined:
      // Messages, and the values of wrappers, which are looked at once more.
      return "v !== undefined && v !== null";
    case ScalarType.STRING:
      return 'typeof v === "string"';
    case ScalarType.BOOL:
      return 'typeof v === "boolean"';
    case ScalarType.BYTES:
      return "v instanceof Uint8Array";
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return 'typeof v === "number"';
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return 'typeof v === "number" && (v | 0) === v';
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return 'typeof v === "number" && v >>> 0 === v';
    default:
      // bigints, numbers and strings: those that write them tell them apart.
      return "v !== undefined && v !== null";
  }
}

/** An expression: is `v`, which fits, not the zero that a field with implicit presence leaves out? */
function notZero(type: ScalarType | undefined): string {
  switch (type) {
    case ScalarType.STRING:
      return 'v !== ""';
    case ScalarType.BOOL:
      return "v";
    case ScalarType.BYTES:
      return "v.byteLength > 0";
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return "v !== 0 || 1 / v < 0";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 'typeof v === "bigint" ? v !== 0n : v != 0';
    default:
      return "v !== 0";
  }
}

/** Writes `v`, which fits, and sees to it that there is `room` behind it. */
function writeScalar(type: ScalarType, room: number): string {
  const varint = "while (v > 0x7f) { b[p++] = v & 0x7f | 0x80; v >>>= 7; } b[p++] = v;";
  switch (type) {
    case ScalarType.STRING:
      return `p = text(v, p, ${room}); b = output.bytes;`;
    case ScalarType.BYTES:
      return `p = blob(v, p, ${room}); b = output.bytes;`;
    case ScalarType.BOOL:
      return "b[p++] = v ? 1 : 0;";
    case ScalarType.INT32:
      return `if (v < 0) p = negative(v, p); else { ${varint} }`;
    case ScalarType.UINT32:
      return varint;
    case ScalarType.SINT32:
      return `v = (v << 1 ^ v >> 31) >>> 0; ${varint}`;
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return "b[p++] = v; b[p++] = v >>> 8; b[p++] = v >>> 16; b[p++] = v >>> 24;";
    case ScalarType.FLOAT:
      return "p = float(v, p);";
    case ScalarType.DOUBLE:
      return "p = double(v, p);";
    case ScalarType.INT64:
      return "p = int64(v, p);";
    case ScalarType.UINT64:
      return "p = uint64(v, p);";
    case ScalarType.SINT64:
      return "p = sint64(v, p);";
    case ScalarType.FIXED64:
      return "p = fixed64(v, p);";
    case ScalarType.SFIXED64:
      return "p = sfixed64(v, p);";
  }
}

/** An expression: the key of a map out of the name of a property, as protobuf-es has it. */
function mapKey(type: ScalarType): string {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "name";
    case ScalarType.BOOL:
      return 'name === "true" ? true : name === "false" ? false : undefined';
    default:
      return "parseInt(name)";
  }
}
