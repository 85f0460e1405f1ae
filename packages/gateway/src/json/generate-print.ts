// Writes the function that makes JSON text of a message: one pass over its fields, and no JSON value in between.
import { type DescEnum, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { Codecs, MessageCodec, Settings } from "./codecs.ts";
import { Fault, isNot, shown } from "./error.ts";
import { printExtensions } from "./extension.ts";
import { isPlainStruct, pathName, unwrapped } from "./field-shape.ts";
import { escaped, printInt32, printString, printStringMap, printStrings, scalarPrinter } from "./print-scalar.ts";
import { literal, Source } from "./source.ts";
import { printPlainStruct } from "./well-known/struct.ts";

/** What generated printers call by name. */
const runtime = {
  escaped,
  foreign,
  inField,
  isOwn: (object: object, key: string) => Object.hasOwn(object, key),
  keysOf: Object.keys,
  missing,
  printExtensions,
  printPlainStruct,
  printString,
  printStringMap,
  printStrings,
};

/** A field's name in output. */
function outputName(field: DescField, settings: Settings): string {
  return settings.fieldNames === "proto" ? field.name : field.jsonName;
}

/** Variables of the function: `m` (message), `s` (text), `n` (whether the object has a field yet), `f` (index of the field at hand), `i` (list index), `q` (map key), `v` (value), `w` (item). */
export function generatePrint(desc: DescMessage, codecs: Codecs): MessageCodec["print"] {
  const { settings } = codecs;
  const source = new Source();
  const fields = inOrder(desc, settings);
  source.add(`if (m.$typeName !== ${literal(desc.typeName)}) foreign(m, ${literal(desc.typeName)});`);
  source.add("let n = false, f = 0, i = -1, q, v;");
  source.add("try {");
  for (const [i, oneof] of desc.oneofs.entries()) {
    source.add(`const o${i} = m[${literal(oneof.localName)}];`);
  }
  // What stands before a field's value: always "{" for the first one, always "," after one that is always there.
  let before: "none" | "maybe" | "some" = "none";
  fields.forEach((field, index) => {
    const name = `${JSON.stringify(outputName(field, settings))}:`;
    const [only, next] = [(then: string) => literal(`{${name}${then}`), (then: string) => literal(`,${name}${then}`)];
    const lead = before === "none" ? only : before === "some" ? next : (then: string) => `(n ? ${next(then)} : ${only(then)})`;
    const condition = isSet(field, desc, settings.emitDefaults);
    const print = [...printValue(source, field, lead, codecs), ...(before === "some" ? [] : ["n = true;"])];
    source.add(`f = ${index};`, held(field, desc));
    source.add(condition === undefined ? "{" : `if (${condition}) {`, ...print, isRequired(field) ? "} else missing();" : "}");
    before = condition === undefined || before === "some" ? "some" : "maybe";
  });
  if (settings.registry !== undefined) {
    const values = [desc, settings.registry, codecs].map((value) => source.constant(value));
    source.add("f = -1;", "if (m.$unknown !== undefined) {");
    source.add(`const extended = printExtensions(m, s, n, ${values.join(", ")});`, "if (extended !== s) n = true;", "s = extended;", "}");
  }
  const names = source.constant(fields.map(pathName));
  source.add(`} catch (e) { throw inField(e, ${names}[f], i, q); }`, 'return s + (n ? "}" : "{}");');
  return source.build("m, s", runtime);
}

/** Makes a function for the value of a field by itself: what a message holds for it, set. */
export function generatePrintValue(field: DescField, codecs: Codecs): (value: unknown) => string {
  const source = new Source();
  source.add('let s = "", i = -1, q;', "try {", ...printValue(source, field, literal, codecs), "return s;");
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

function isRequired(field: DescField): boolean {
  return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
}

/** Sets `v` to what the message holds for the field. */
function held(field: DescField, desc: DescMessage): string {
  return field.oneof === undefined ? `v = m[${literal(field.localName)}];` : `v = o${desc.oneofs.indexOf(field.oneof)}.value;`;
}

/** A condition: whether the field, whose value is in `v`, is printed. Undefined if it always is. */
function isSet(field: DescField, desc: DescMessage, emitDefaults: boolean): string | undefined {
  if (field.oneof !== undefined) {
    return `o${desc.oneofs.indexOf(field.oneof)}.case === ${literal(field.localName)}`;
  }
  if (field.fieldKind === "list") {
    return emitDefaults ? undefined : "v.length !== 0";
  }
  if (field.fieldKind === "map") {
    return emitDefaults ? undefined : "keysOf(v).length !== 0";
  }
  if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) {
    // The prototype may have a default by that name, protobuf-es's or Object's.
    const inherits = field.fieldKind !== "message" || field.localName in Object.prototype;
    return inherits ? `v !== undefined && isOwn(m, ${literal(field.localName)})` : "v !== undefined";
  }
  if (emitDefaults) {
    return undefined;
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

/** What stands before a value, as an expression; it ends with the text given. One text is added faster than two. */
type Lead = (then: string) => string;

/** Statements that add the lead and the JSON of the field's value in `v` to `s`. */
function printValue(source: Source, field: DescField, lead: Lead, codecs: Codecs): string[] {
  const isStrings = field.fieldKind !== "scalar" && field.scalar === ScalarType.STRING;
  switch (field.fieldKind) {
    case "list":
      return isStrings
        ? [`s += ${lead("")} + printStrings(v);`]
        : [
            `s += ${lead("[")};`,
            "for (i = 0; i < v.length; i++) {",
            "const w = v[i];",
            addValue(source, field, "w", (then) => `(i === 0 ? ${literal(then)} : ${literal(`,${then}`)})`, codecs),
            "}",
            's += "]";',
            "i = -1;",
          ];
    case "map":
      return isStrings && field.mapKey === ScalarType.STRING
        ? [`s += ${lead("")} + printStringMap(v);`]
        : [
            `s += ${lead("{")};`,
            "const keys = keysOf(v);",
            "for (let j = 0; j < keys.length; j++) {",
            "q = keys[j];",
            "const w = v[q];",
            's += (j === 0 ? "" : ",") + printString(q);',
            addValue(source, field, "w", (then) => literal(`:${then}`), codecs),
            "}",
            's += "}";',
            "q = undefined;",
          ];
    default:
      return [addValue(source, field, "v", lead, codecs)];
  }
}

/** A statement: adds the lead and the JSON of the value in variable `v`, of the field or of an item in it. */
function addValue(source: Source, field: DescField, v: string, lead: Lead, codecs: Codecs): string {
  if (field.enum !== undefined) {
    return `s += ${lead("")} + ${source.constant(enumPrinter(field.enum))}(${v});`;
  }
  const scalar = field.scalar ?? unwrapped(field)?.scalar;
  if (scalar !== undefined) {
    return `s += ${usualText(scalar, v, lead)}${lead("")} + ${source.constant(scalarPrinter(scalar))}(${v});`;
  }
  return field.message === undefined || isPlainStruct(field)
    ? `s += ${lead("")} + printPlainStruct(${v});`
    : `s = ${source.constant(codecs.of(field.message))}.print(${v}, s + ${lead("")});`;
}

/** As with reading, usual values are told and printed in place: `condition ? text :`, to be followed by what does for the rest. */
function usualText(type: ScalarType, v: string, lead: Lead): string {
  switch (type) {
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return `typeof ${v} === "number" && ${v} - ${v} === 0 ? ${lead("")} + ${v} : `;
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return `typeof ${v} === "number" && (${v} | 0) === ${v} ? ${lead("")} + ${v} : `;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return `typeof ${v} === "number" && ${v} >>> 0 === ${v} ? ${lead("")} + ${v} : `;
    case ScalarType.BOOL:
      return `${v} === true ? ${lead("true")} : ${v} === false ? ${lead("false")} : `;
    case ScalarType.STRING:
      return `typeof ${v} === "string" && !escaped.test(${v}) ? ${lead('"')} + ${v} + '"' : `;
    case ScalarType.BYTES:
      return "";
    default:
      return `typeof ${v} === "bigint" ? ${lead('"')} + ${v} + '"' : `;
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
