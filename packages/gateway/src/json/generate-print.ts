// Writes the function that makes JSON text of a message: one pass over its fields, and no JSON value in between.
import { type DescEnum, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { Codecs, Settings } from "./codecs.ts";
import { Fault, isNot, shown } from "./error.ts";
import { printExtensions } from "./extension.ts";
import { isPlainStruct, pathName, unwrapped } from "./field-shape.ts";
import { printInt32, printString, scalarPrinter } from "./print-scalar.ts";
import { literal, Source } from "./source.ts";
import { printPlainStruct } from "./well-known/struct.ts";

/** What generated printers call by name. */
const runtime = {
  foreign,
  inField,
  isOwn: (object: object, key: string) => Object.hasOwn(object, key),
  keysOf: Object.keys,
  missing,
  printExtensions,
  printPlainStruct,
  printString,
};

/** A field's name in output. */
function outputName(field: DescField, settings: Settings): string {
  return settings.fieldNames === "proto" ? field.name : field.jsonName;
}

/** Whether two fields have one name in output, as only proto2 lets happen: then which is printed depends on what is set. */
export function hasNameConflict(desc: DescMessage, settings: Settings): boolean {
  return new Set(desc.fields.map((field) => outputName(field, settings))).size < desc.fields.length;
}

/** Variables of the function: `m` (message), `s` (text), `f` (index of the field at hand), `i` (list index), `q` (map key), `v` (value), `w` (item). */
export function generatePrint(desc: DescMessage, codecs: Codecs): (message: Message) => string {
  const { settings } = codecs;
  const source = new Source();
  const fields = inOrder(desc, settings);
  source.add(`if (m.$typeName !== ${literal(desc.typeName)}) foreign(m, ${literal(desc.typeName)});`);
  source.add('let s = "{", f = 0, i = -1, q, v;');
  source.add("try {");
  for (const [i, oneof] of desc.oneofs.entries()) {
    source.add(`const o${i} = m[${literal(oneof.localName)}];`);
  }
  let first = true;
  fields.forEach((field, index) => {
    const key = `${JSON.stringify(outputName(field, settings))}:`;
    const name = first ? literal(key) : `(s.length === 1 ? ${literal(key)} : ${literal(`,${key}`)})`;
    first = false;
    source.add(`f = ${index};`, ...printField(source, field, name, desc, codecs));
  });
  if (settings.registry !== undefined) {
    const values = [desc, settings.registry, codecs].map((value) => source.constant(value));
    source.add("f = -1;", `if (m.$unknown !== undefined) s = printExtensions(m, s, ${values.join(", ")});`);
  }
  const names = source.constant(fields.map(pathName));
  source.add(`} catch (e) { throw inField(e, ${names}[f], i, q); }`, 'return s + "}";');
  return source.build("m", runtime);
}

/** Makes a function for the value of a field by itself: what a message holds for it, set. */
export function generatePrintValue(field: DescField, codecs: Codecs): (value: unknown) => string {
  const source = new Source();
  source.add('let s = "", i = -1, q;', "try {", ...printValue(source, field, "v", codecs), "return s;");
  source.add(`} catch (e) { throw inField(e, ${literal(pathName(field))}, i, q); }`);
  return source.build("v", runtime);
}

/** By number; but names that are numbers come first, as they do in the objects that protobuf-es makes. */
function inOrder(desc: DescMessage, settings: Settings): DescField[] {
  const byNumber = desc.fields.toSorted((a, b) => a.number - b.number);
  const isIndex = (field: DescField) =>
    /^(?:0|[1-9]\d{0,9})$/.test(outputName(field, settings)) && Number(outputName(field, settings)) < 2 ** 32 - 1;
  const indexes = byNumber.filter(isIndex).toSorted((a, b) => Number(outputName(a, settings)) - Number(outputName(b, settings)));
  return [...indexes, ...byNumber.filter((field) => !isIndex(field))];
}

function printField(source: Source, field: DescField, name: string, desc: DescMessage, codecs: Codecs): string[] {
  const print = [`s += ${name};`, ...printValue(source, field, "v", codecs)];
  if (field.oneof !== undefined) {
    const oneof = `o${desc.oneofs.indexOf(field.oneof)}`;
    return [`if (${oneof}.case === ${literal(field.localName)}) {`, `v = ${oneof}.value;`, ...print, "}"];
  }
  const required = field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED ? [" else missing();"] : [];
  return [`v = m[${literal(field.localName)}];`, `if (${isSet(field, codecs.settings.emitDefaults)}) {`, ...print, "}", ...required];
}

/** A condition: whether the field, whose value is in `v`, is printed. */
function isSet(field: DescField, emitDefaults: boolean): string {
  if (field.fieldKind === "list") {
    return emitDefaults ? "true" : "v.length !== 0";
  }
  if (field.fieldKind === "map") {
    return emitDefaults ? "true" : "keysOf(v).length !== 0";
  }
  if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) {
    // The prototype may have a default by that name, protobuf-es's or Object's.
    const inherits = field.fieldKind !== "message" || field.localName in Object.prototype;
    return inherits ? `v !== undefined && isOwn(m, ${literal(field.localName)})` : "v !== undefined";
  }
  if (emitDefaults) {
    return "true";
  }
  if (field.fieldKind === "enum") {
    return `v !== ${field.enum.values[0]?.number ?? 0}`;
  }
  switch (field.scalar) {
    case ScalarType.BOOL:
      return "v !== false";
    case ScalarType.STRING:
      return 'v !== ""';
    case ScalarType.BYTES:
      return "!(v instanceof Uint8Array) || v.byteLength > 0";
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      // -0 is not the default.
      return "v !== 0 || 1 / v < 0";
    default:
      return 'typeof v === "bigint" ? v !== 0n : v != 0';
  }
}

/** Statements that add the JSON of the field's value to `s`. */
function printValue(source: Source, field: DescField, v: string, codecs: Codecs): string[] {
  switch (field.fieldKind) {
    case "list":
      return [
        `for (i = 0; i < ${v}.length; i++) {`,
        `const w = ${v}[i];`,
        `s += (i === 0 ? "[" : ",") + ${textOf(source, field, "w", codecs)};`,
        "}",
        's += i === 0 ? "[]" : "]";',
        "i = -1;",
      ];
    case "map":
      return [
        `const keys = keysOf(${v});`,
        "for (let j = 0; j < keys.length; j++) {",
        "q = keys[j];",
        `const w = ${v}[q];`,
        `s += (j === 0 ? "{" : ",") + printString(q) + ":" + ${textOf(source, field, "w", codecs)};`,
        "}",
        's += keys.length === 0 ? "{}" : "}";',
        "q = undefined;",
      ];
    default:
      return [`s += ${textOf(source, field, v, codecs)};`];
  }
}

/** An expression: the JSON of the value in variable `v`, of the field or of an item in it. */
function textOf(source: Source, field: DescField, v: string, codecs: Codecs): string {
  if (field.enum !== undefined) {
    return `${source.constant(enumPrinter(field.enum))}(${v})`;
  }
  if (field.scalar !== undefined) {
    return scalarText(source, field.scalar, v);
  }
  const inner = unwrapped(field);
  if (inner?.scalar !== undefined) {
    return scalarText(source, inner.scalar, v);
  }
  return isPlainStruct(field) ? `printPlainStruct(${v})` : `${source.constant(codecs.of(field.message))}.print(${v})`;
}

/** As with reading: usual values are told and printed in place. */
function scalarText(source: Source, type: ScalarType, v: string): string {
  const call = `${source.constant(scalarPrinter(type))}(${v})`;
  switch (type) {
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return `(typeof ${v} === "number" && ${v} - ${v} === 0 ? ${v} : ${call})`;
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return `(typeof ${v} === "number" && (${v} | 0) === ${v} ? ${v} : ${call})`;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return `(typeof ${v} === "number" && ${v} >>> 0 === ${v} ? ${v} : ${call})`;
    case ScalarType.BOOL:
      return `(${v} === true ? "true" : ${v} === false ? "false" : ${call})`;
    default:
      return call;
  }
}

/** An open enum's numbers without a name are printed as they are. */
export function enumPrinter(desc: DescEnum): (value: unknown) => string {
  if (desc.typeName === "google.protobuf.NullValue") {
    return (value) => (typeof value === "number" ? "null" : isNot(value, "a value of the enum google.protobuf.NullValue"));
  }
  const texts = new Map<unknown, string>(Object.values(desc.value).map(({ number, jsonName }) => [number, JSON.stringify(jsonName)]));
  return (value) => texts.get(value) ?? printInt32(value);
}

/** Adds the field, the list index and the map key to a fault that passes through a message. */
function inField(thrown: unknown, name: string | undefined, index: number, mapKey: string | undefined): unknown {
  if (!(thrown instanceof Fault) || name === undefined) {
    return thrown;
  }
  const item = index >= 0 ? index : mapKey;
  return (item === undefined ? thrown : thrown.inItem(item)).inField(name);
}

function foreign(message: Message | undefined, expected: string): never {
  throw new Fault(`${message?.$typeName === undefined ? shown(message) : `a ${message.$typeName}`} is not a ${expected}`);
}

function missing(): never {
  throw new Fault("a required field is not set");
}
