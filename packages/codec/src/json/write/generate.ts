// Generates the function that prints a message: one pass over its fields, without an intermediate
// JSON value.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { literal, Source } from "../../generate/source.ts";
import { isPlainStruct, unwrapped } from "../../shape/field.ts";
import { finishWithExtensions } from "../extension.ts";
import type { Codecs, Print, PrintValue } from "../message-codec.ts";
import { pathName } from "../names.ts";
import { printPlainStruct } from "../well-known/struct.ts";
import { enumWriter } from "./enum.ts";
import { foreign, inField, missing } from "./faults.ts";
import { inOrder, isRequired, outputName } from "./fields.ts";
import { scalarWriter } from "./scalar.ts";
import { bytes, doubles, flush, lastPosition, writeString, writeStringMap, writeStrings, writeText } from "./writer.ts";

/** Names that generated printers use. */
const runtime = {
  bytes,
  doubles,
  finishWithExtensions,
  flush,
  foreign,
  inField,
  isOwn: (object: object, key: string) => Object.hasOwn(object, key),
  keysOf: Object.keys,
  missing,
  printPlainStruct,
  writeString,
  writeStringMap,
  writeStrings,
  writeText,
};

/**
 * Variables of the function: `m` (message), `p` (position in the writer's bytes), `n` (the object
 * has a field already), `f` (index of the current field), `i` (list index), `q` (map key), `v`
 * (value), `w` (item).
 */
export function generatePrint(desc: DescMessage, codecs: Codecs): Print {
  const { settings } = codecs;
  const source = new Source();
  const fields = inOrder(desc, settings);
  source.add(`if (m.$typeName !== ${literal(desc.typeName)}) foreign(m, ${literal(desc.typeName)});`);
  source.add("let n = false, f = 0, i = -1, q, v;");
  source.add("try {");
  for (const [i, oneof] of desc.oneofs.entries()) {
    source.add(`const o${i} = m[${literal(oneof.localName)}];`);
  }
  // The character before a field's name: "{" before the first field, "," once a field is always
  // present.
  let before: "none" | "maybe" | "some" = "none";
  fields.forEach((field, index) => {
    const name = `${JSON.stringify(outputName(field, settings))}:`;
    const first = before === "none" ? "123" : before === "some" ? "44" : "n ? 44 : 123";
    const condition = isSet(field, desc, settings.emitDefaults);
    const print = [
      ensureRoom,
      `bytes[p++] = ${first};`,
      writeLiteral(name),
      ...(before === "some" ? [] : ["n = true;"]),
      ...printValue(source, field, codecs),
    ];
    source.add(`f = ${index};`, held(field, desc));
    source.add(
      condition === undefined ? "{" : `if (${condition}) {`,
      ...print,
      isRequired(field) && !settings.fallbacks ? "} else missing();" : "}",
    );
    before = condition === undefined || before === "some" ? "some" : "maybe";
  });
  if (settings.registry !== undefined) {
    const values = [desc, settings.registry, codecs].map((value) => source.constant(value));
    source.add("f = -1;", `if (m.$unknown !== undefined) return finishWithExtensions(m, p, n, ${values.join(", ")});`);
  }
  const names = source.constant(fields.map(pathName));
  source.add(`} catch (e) { throw inField(e, ${names}[f], i, q); }`);
  source.add(ensureRoom, "if (!n) bytes[p++] = 123;", "bytes[p] = 125;", "return p + 1;");
  return source.build("m, p", runtime);
}

/** Generates a function that prints the value of a set field. */
export function generatePrintValue(field: DescField, codecs: Codecs): PrintValue {
  const source = new Source();
  source.add("let i = -1, q;", "try {", ...printValue(source, field, codecs), "return p;");
  source.add(`} catch (e) { throw inField(e, ${literal(pathName(field))}, i, q); }`);
  return source.build("v, p", runtime);
}

/** A statement that precedes each key, item and end. */
const ensureRoom = `if (p > ${lastPosition}) p = flush(p);`;

const scratch = new DataView(new ArrayBuffer(8));

/**
 * Returns statements that write constant text, eight characters at a time, as doubles with the same
 * bytes. ASCII bytes never form a NaN, whose bits V8 may change.
 */
function writeLiteral(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII
  if (!/^[\u0000-\u007f]{8,64}$/.test(text)) {
    return /^[ -~]{1,7}$/.test(text)
      ? `${Array.from(text, (char, i) => `bytes[p + ${i}] = ${char.charCodeAt(0)};`).join(" ")} p += ${text.length};`
      : `p = writeText(${literal(text)}, p);`;
  }
  const stores: string[] = [];
  for (let at = 0; at < text.length; at += 8) {
    // The last eight characters may overlap the previous ones.
    const start = Math.min(at, text.length - 8);
    for (let i = 0; i < 8; i++) scratch.setUint8(i, text.charCodeAt(start + i));
    stores.push(`doubles.setFloat64(p + ${start}, ${scratch.getFloat64(0)});`);
  }
  return `${stores.join(" ")} p += ${text.length};`;
}

/** Returns a statement that sets `v` to the field's value. */
function held(field: DescField, desc: DescMessage): string {
  return field.oneof === undefined ? `v = m[${literal(field.localName)}];` : `v = o${desc.oneofs.indexOf(field.oneof)}.value;`;
}

/**
 * Returns a condition for printing the field with value `v`, or `undefined` if it is always
 * printed.
 */
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
    // The prototype may have a property with that name: a default of protobuf-es, or a member of
    // Object.
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

/** Returns statements that write the JSON of the field's value in `v`. */
function printValue(source: Source, field: DescField, codecs: Codecs): string[] {
  const isStrings = field.fieldKind !== "scalar" && field.scalar === ScalarType.STRING;
  switch (field.fieldKind) {
    case "list":
      return isStrings
        ? ["p = writeStrings(v, p);"]
        : [
            "bytes[p++] = 91;",
            "for (i = 0; i < v.length; i++) {",
            "const w = v[i];",
            ensureRoom,
            "if (i !== 0) bytes[p++] = 44;",
            printItem(source, field, "w", codecs),
            "}",
            "i = -1;",
            ensureRoom,
            "bytes[p++] = 93;",
          ];
    case "map":
      return isStrings && field.mapKey === ScalarType.STRING
        ? ["p = writeStringMap(v, p);"]
        : [
            "const keys = keysOf(v);",
            "bytes[p++] = 123;",
            "for (let j = 0; j < keys.length; j++) {",
            "q = keys[j];",
            "const w = v[q];",
            ensureRoom,
            "if (j !== 0) bytes[p++] = 44;",
            "p = writeString(q, p);",
            "bytes[p++] = 58;",
            printItem(source, field, "w", codecs),
            "}",
            "q = undefined;",
            ensureRoom,
            "bytes[p++] = 125;",
          ];
    default:
      return [printItem(source, field, "v", codecs)];
  }
}

/**
 * Returns a statement that writes the JSON of the value in variable `v`, of the field or of an
 * item.
 */
function printItem(source: Source, field: DescField, v: string, codecs: Codecs): string {
  if (field.enum !== undefined) {
    return `p = ${source.constant(enumWriter(field.enum))}(${v}, p);`;
  }
  const scalar = field.scalar ?? unwrapped(field)?.scalar;
  if (scalar !== undefined) {
    return `p = ${source.constant(scalarWriter(scalar))}(${v}, p);`;
  }
  return field.message === undefined || isPlainStruct(field)
    ? `p = writeText(printPlainStruct(${v}, ${codecs.settings.fallbacks}), p);`
    : `p = ${source.constant(codecs.of(field.message))}.print(${v}, p);`;
}
