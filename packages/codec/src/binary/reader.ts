// From a message's descriptor to the function that reads it.
//
// The generated code is one loop over tags, with a case for each field. It follows protobuf-es in all it does, also where that is lenient: a
// field is known by its number, whatever its wire type; only a list looks at the wire type, to tell packed from not.
import { create, type DescField, type DescMessage, type DescOneof, ScalarType } from "@bufbuild/protobuf";
import { assertCompilable, isDelimited, isWrapped } from "./compilable.ts";
import * as inputs from "./input.ts";
import { isJsonStruct, readStruct, setOwn } from "./json-struct.ts";
import { looseText, strictText } from "./read-text.ts";
import { evaluate, integer, literal, property, References } from "./source.ts";
import { recursionLimit, Wire } from "./wire.ts";

export type Fields = Record<string, unknown>;

/**
 * Reads the fields of a message from `at` to `end`; or, as a group, from `at` to the end tag of field number `end`. Returns the position
 * after what it read, which may be beyond `end`.
 */
type Read = (message: Fields, at: number, end: number, depth: number) => number;

export interface Reader {
  /** Makes an empty message: the object that protobuf-es makes. */
  readonly Message: new () => Fields;
  readonly read: Read;
}

const readers = new WeakMap<DescMessage, Reader>();
const groupReaders = new WeakMap<DescMessage, Reader>();
const constructors = new WeakMap<DescMessage, Reader["Message"]>();

/** @throws if the message cannot be compiled, or generating code is not allowed. */
export function readerOf(message: DescMessage, group = false): Reader {
  const made = group ? groupReaders : readers;
  let reader = made.get(message);
  if (reader === undefined) {
    reader = { Message: constructorOf(message), read: new ReaderSource(message, group).compile() };
    made.set(message, reader);
  }
  return reader;
}

function constructorOf(message: DescMessage): Reader["Message"] {
  let made = constructors.get(message);
  if (made === undefined) {
    made = compileConstructor(message);
    constructors.set(message, made);
  }
  return made;
}

/** A constructor gives V8 what it needs to lay out fields that are not there from the beginning. */
function compileConstructor(message: DescMessage): Reader["Message"] {
  assertCompilable(message);
  const empty = create(message) as unknown as Fields;
  const constants = new References("c");
  const lines = Object.keys(empty).map((name) => {
    const member = message.members.find(({ localName }) => localName === name);
    return `${property("this", name)} = ${initial(member, empty[name], constants)};`;
  });
  return evaluate(
    `${constants.declare("constants")}
    function Message() { ${lines.join("\n")} }
    Message.prototype = prototype;
    return Message;`,
    { constants: constants.values, prototype: Object.getPrototypeOf(empty) },
  );
}

function initial(member: DescField | DescOneof | undefined, value: unknown, constants: References): string {
  if (member?.kind === "oneof") return "{ case: undefined }";
  if (member?.fieldKind === "list") return "[]";
  if (member?.fieldKind === "map") return "{}";
  if (value === 0 && !Object.is(value, -0)) return "0";
  if (value === "" || value === false) return JSON.stringify(value);
  return constants.name(value);
}

/** Integers of one byte, which most are, and which need not be made anew. */
const small = Array.from({ length: 128 }, (_, value) => BigInt(value));
const smallZigzag = small.map((value) => (value & 1n ? -((value + 1n) / 2n) : value / 2n));
const smallText = small.map(String);
const smallZigzagText = smallZigzag.map(String);

/** What the generated code calls. */
const environment = {
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

/** The value of a closed enum that it has not: as protobuf-es writes it into an unknown field. */
function closedValue(no: number, wireType: number, value: number): { no: number; wireType: number; data: Uint8Array } {
  const data: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) data.push(Number(rest & 0x7fn) | 0x80);
  data.push(Number(rest));
  return { no, wireType, data: new Uint8Array(data) };
}

class ReaderSource {
  readonly #message: DescMessage;
  readonly #group: boolean;
  readonly #constants = new References("c");
  /** Readers of the messages in this one: compiled when there is one to read, for they may be this one. */
  readonly #children = new References("");
  #childReaders: (() => Reader)[] = [];
  #childKeys = new Map<string, number>();

  constructor(message: DescMessage, group: boolean) {
    this.#message = message;
    this.#group = group;
  }

  compile(): Read {
    const cases = this.#message.fields.map((field) => `case ${integer(field.number)}: { ${this.#field(field)} continue; }`);
    // protobuf-es takes hold of the unknown fields at the beginning and sets them at the end: those that values of closed enums made in between
    // are lost with that. If there were any at the beginning, it is the same array.
    const closed = this.#message.fields.some((field) => field.fieldKind === "enum" && !field.enum.open);
    const children = this.#childReaders.map(
      (_, i) => `let Message${i}, read${i}; const link${i} = () => { ({ Message: Message${i}, read: read${i} } = link(${i})); };`,
    );
    const code = `${this.#constants.declare("constants")}
    const { ${Object.keys(environment).join(", ")} } = environment;
    ${children.join("\n")}
    return function read(m, p, ${this.#group ? "group" : "end"}, depth) {
      if (depth > ${recursionLimit}) refuse();
      const b = input.bytes, length = input.length;
      let t = 0, l = 0, v, unknown;
      ${closed ? 'const before = m["$unknown"];' : ""}
      ${this.#group ? "let ended = false; const end = length;" : ""}
      while (p < end) {
        ${readTag}
        ${this.#group ? `if ((t & 7) === ${Wire.groupEnd}) { if (t >>> 3 !== group) refuse(); ended = true; break; }` : ""}
        switch (t >>> 3) {
          ${cases.join("\n")}
        }
        l = p;
        p = skip(t, p, depth);
        if (unknown === undefined) {
          unknown = ${closed ? "before" : 'm["$unknown"]'};
          if (unknown === undefined) unknown = [];
        }
        unknown.push({ no: t >>> 3, wireType: t & 7, data: view(l, p) });
      }
      ${this.#group ? "if (!ended) refuse();" : ""}
      if (unknown !== undefined) m["$unknown"] = unknown;
      return p;
    };`;
    return evaluate(code, { environment, constants: this.#constants.values, link: (index: number) => this.#childReaders[index]?.() });
  }

  #field(field: DescField): string {
    const target = property("m", field.localName);
    switch (field.fieldKind) {
      case "scalar":
        return `${readScalar(field.scalar, field.utf8Validation, field.longAsString)} ${this.#set(field, "v")}`;
      case "enum":
        return `${readScalar(ScalarType.INT32)} ${this.#enum(field)}`;
      case "message":
        if (isWrapped(field)) return this.#wrapper(field);
        return this.#child(field, this.#current(field), (child) => this.#set(field, child));
      case "list": {
        if (field.listKind === "message") return this.#child(field, undefined, (child) => `${target}.push(${child});`);
        const type = field.listKind === "enum" ? ScalarType.INT32 : field.scalar;
        const longAsString = field.listKind === "scalar" && field.longAsString;
        const one = `${readScalar(type, field.utf8Validation, longAsString)} list.push(v);`;
        if (type === ScalarType.STRING || type === ScalarType.BYTES) return `const list = ${target}; ${one}`;
        return `const list = ${target};
          if ((t & 7) === ${Wire.bytes}) { ${readEnd("last")} ${readPacked(type, one, longAsString)} } else { ${one} }`;
      }
      case "map":
        return this.#map(field);
    }
  }

  #set(field: DescField, value: string): string {
    return field.oneof === undefined
      ? `${property("m", field.localName)} = ${value};`
      : `${property("m", field.oneof.localName)} = { case: ${literal(field.localName)}, value: ${value} };`;
  }

  /** What a message field has, that another of the same is merged into. */
  #current(field: DescField): string {
    if (field.oneof === undefined) return property("m", field.localName);
    const oneof = property("m", field.oneof.localName);
    return `(${oneof}.case === ${literal(field.localName)} ? ${oneof}.value : undefined)`;
  }

  #enum(field: DescField & { fieldKind: "enum" }): string {
    if (field.enum.open) return this.#set(field, "v");
    const numbers = [...new Set(field.enum.values.map((value) => value.number))];
    const known =
      numbers.length > 8 ? `${this.#constants.name(new Set(numbers))}.has(v)` : numbers.map((n) => `v === ${integer(n)}`).join(" || ");
    return `if (${known}) { ${this.#set(field, "v")} } else {
      const closed = m["$unknown"] === undefined ? [] : m["$unknown"];
      closed.push(closedValue(${integer(field.number)}, t & 7, v));
      m["$unknown"] = closed;
    }`;
  }

  /** Reads a message into the one that is there, or a new one. */
  #child(field: DescField, current: string | undefined, use: (child: string) => string): string {
    if (isJsonStruct(field)) {
      return `${readEnd("last")} let child = ${current ?? "undefined"}; if (child === undefined) child = {};
        p = readStruct(child, p, last, depth + 1); ${use("child")}`;
    }
    const group = isDelimited(field);
    const i = this.#link(field.message as DescMessage, group);
    const make =
      current === undefined
        ? `if (Message${i} === undefined) link${i}(); const child = new Message${i}();`
        : `if (Message${i} === undefined) link${i}(); let child = ${current}; if (child === undefined) child = new Message${i}();`;
    return group
      ? `${make} p = read${i}(child, p, ${integer(field.number)}, depth + 1); ${use("child")}`
      : `${readEnd("last")} ${make} p = read${i}(child, p, last, depth + 1); ${use("child")}`;
  }

  #wrapper(field: DescField & { fieldKind: "message" }): string {
    const [value] = field.message.fields;
    if (value?.fieldKind !== "scalar") throw new TypeError(`${field.message.typeName} is no wrapper`);
    const target = property("m", field.localName);
    const zero = this.#constants.name((create(field.message) as unknown as Fields)[value.localName]);
    return `${readEnd("last")}
      if (depth >= ${recursionLimit}) refuse();
      let wrapped = ${target};
      if (wrapped === undefined) wrapped = ${zero};
      while (p < last) {
        ${readTag}
        if (t >>> 3 === 1) { ${readScalar(value.scalar, value.utf8Validation, value.longAsString)} wrapped = v; } else p = skip(t, p, depth + 1);
      }
      ${target} = wrapped;`;
  }

  #map(field: DescField & { fieldKind: "map" }): string {
    let value: string;
    let absent: string;
    if (field.mapKind === "message") {
      value = this.#child(field, "value", (child) => `value = ${child};`);
      // Linked again: there may be an entry without a value before there is one with it.
      const i = isJsonStruct(field) ? undefined : this.#link(field.message, false);
      absent = i === undefined ? "value = {};" : `if (Message${i} === undefined) link${i}(); value = new Message${i}();`;
    } else if (field.mapKind === "enum") {
      value = `${readScalar(ScalarType.INT32)} value = v;`;
      absent = `value = ${integer(field.enum.values[0]?.number ?? 0)};`;
    } else {
      value = `${readScalar(field.scalar, field.utf8Validation, false)} value = v;`;
      absent = `value = ${zeroOf(field.scalar)};`;
    }
    const set = field.mapKey === ScalarType.STRING ? "setOwn(entries, key, value);" : "entries[key] = value;";
    return `${readEnd("entryEnd")}
      const entries = ${property("m", field.localName)};
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
      ${set}`;
  }

  #link(message: DescMessage, group: boolean): number {
    const key = `${this.#children.name(message)} ${group}`;
    let index = this.#childKeys.get(key);
    if (index === undefined) {
      index = this.#childReaders.push(() => readerOf(message, group)) - 1;
      this.#childKeys.set(key, index);
    }
    return index;
  }
}

/** Packed lists of so many bytes, from and up to, are made in one go: shorter ones are not worth it, longer ones V8 would take for sparse. */
const [fewPacked, manyPacked] = [32, 1 << 22];

/** Reads a packed list of `l` bytes, up to `last`. */
function readPacked(type: ScalarType, one: string, longAsString: boolean): string {
  const singly = `while (p < last) { ${one} }`;
  const fixed = fixedWidth(type);
  if (fixed !== undefined && !longAsString) {
    return `if (l >= ${fewPacked} && l <= ${manyPacked} && l % ${fixed.width} === 0) {
      const view = numbersView();
      let count = list.length;
      list.length = count + l / ${fixed.width};
      for (let at = b.byteOffset + p, end = at + l; at < end; at += ${fixed.width}) list[count++] = view.${fixed.get}(at, true);
      p = last;
    } else ${singly}`;
  }
  switch (type) {
    case ScalarType.INT32:
      return "p = int32s(list, p, last, false);";
    case ScalarType.SINT32:
      return "p = int32s(list, p, last, true);";
    default:
      return singly;
  }
}

/** How a DataView reads numbers of a fixed width; undefined for others. */
function fixedWidth(type: ScalarType): { width: number; get: string } | undefined {
  switch (type) {
    case ScalarType.FLOAT:
      return { width: 4, get: "getFloat32" };
    case ScalarType.DOUBLE:
      return { width: 8, get: "getFloat64" };
    case ScalarType.FIXED32:
      return { width: 4, get: "getUint32" };
    case ScalarType.SFIXED32:
      return { width: 4, get: "getInt32" };
    case ScalarType.FIXED64:
      return { width: 8, get: "getBigUint64" };
    case ScalarType.SFIXED64:
      return { width: 8, get: "getBigInt64" };
    default:
      return undefined;
  }
}

function zeroOf(type: ScalarType): string {
  switch (type) {
    case ScalarType.STRING:
      return '""';
    case ScalarType.BOOL:
      return "false";
    case ScalarType.BYTES:
      return "new Uint8Array(0)";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "0n";
    default:
      return "0";
  }
}

/** Reads a tag into `t`. There is a byte at `p`. */
const readTag = `t = b[p++];
  if (t > 0x7f) { t = tag(p - 1); p = input.at; }
  if (t < 8 || (t & 7) > ${Wire.bit32}) refuse();`;

/** Reads a varint of 32 bits into `name`. A byte that is not there is undefined, and not less than anything. */
const readUint32 = (name: string) => `${name} = b[p++];
  if (!(${name} < 0x80)) {
    if (p < length && b[p] < 0x80) ${name} = ${name} & 0x7f | b[p++] << 7;
    else { ${name} = uint32(p - 1); p = input.at; }
  }`;

/** Reads a length; the end of what has it is declared as `name`. */
const readEnd = (name: string) => `${readUint32("l")} const ${name} = p + l; if (${name} > length) refuse();`;

/** Reads a value of a scalar type into `v`. */
function readScalar(type: ScalarType, utf8Validation = false, longAsString = false): string {
  const text = longAsString ? "Text" : "";
  switch (type) {
    case ScalarType.STRING:
      return `${readUint32("l")} if (p + l > length) refuse(); v = l === 0 ? "" : ${utf8Validation ? "strictText" : "looseText"}(p, l); p += l;`;
    case ScalarType.BYTES:
      return `${readUint32("l")} if (p + l > length) refuse(); v = view(p, p + l); p += l;`;
    case ScalarType.BOOL:
      return "v = b[p++]; if (v < 0x80) v = v !== 0; else { v = bool(p - 1); p = input.at; }";
    case ScalarType.INT32:
      return `${readUint32("v")} v |= 0;`;
    case ScalarType.UINT32:
      return readUint32("v");
    case ScalarType.SINT32:
      return `${readUint32("v")} v = (v >>> 1) ^ -(v & 1);`;
    case ScalarType.FIXED32:
      return "if (p + 4 > length) refuse(); v = (b[p] | b[p + 1] << 8 | b[p + 2] << 16 | b[p + 3] << 24) >>> 0; p += 4;";
    case ScalarType.SFIXED32:
      return "if (p + 4 > length) refuse(); v = b[p] | b[p + 1] << 8 | b[p + 2] << 16 | b[p + 3] << 24; p += 4;";
    case ScalarType.FLOAT:
      return "if (p + 4 > length) refuse(); v = float(p); p += 4;";
    case ScalarType.DOUBLE:
      return "if (p + 8 > length) refuse(); v = double(p); p += 8;";
    case ScalarType.INT64:
      return `v = b[p]; if (v < 0x80) { v = small${text}[v]; p++; } else { v = int64${text}(p); p = input.at; }`;
    case ScalarType.UINT64:
      return `v = b[p]; if (v < 0x80) { v = small${text}[v]; p++; } else { v = uint64${text}(p); p = input.at; }`;
    case ScalarType.SINT64:
      return `v = b[p]; if (v < 0x80) { v = smallZigzag${text}[v]; p++; } else { v = sint64${text}(p); p = input.at; }`;
    case ScalarType.FIXED64:
      return `v = fixed64${text}(p); p += 8;`;
    case ScalarType.SFIXED64:
      return `v = sfixed64${text}(p); p += 8;`;
  }
}
