// Generates the function that reads a message from a JSON value: one loop over the object's keys
// with a case for each field.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { emptyMessage } from "../../generate/empty-message.ts";
import { literal, Source } from "../../generate/source.ts";
import { isPlainStruct, isTextInt64, takesNull, unwrapped } from "../../shape/field.ts";
import { setOwn } from "../../shape/object.ts";
import { isNot } from "../error.ts";
import { readExtension } from "../extension.ts";
import type { Codecs, Read } from "../message-codec.ts";
import { pathName } from "../names.ts";
import { readPlainStruct } from "../well-known/struct.ts";
import { checkDepth } from "./depth.ts";
import { enumReader } from "./enum.ts";
import { inField, keysOnce, nullItem, oneofTwice, twice, unknownField } from "./faults.ts";
import { keyReader, scalarReader } from "./scalar.ts";
import { countKeys, overspent, reading, spend } from "./text.ts";
import { itemCost } from "./walk.ts";

/** Names that generated readers use. */
const runtime = {
  checkDepth,
  countKeys,
  inField,
  isArray: Array.isArray,
  isNot,
  keysOf: Object.keys,
  keysOnce,
  nullItem,
  oneofTwice,
  overspent,
  readExtension,
  reading,
  readPlainStruct,
  setOwn,
  spend,
  twice,
  unknownField,
};

/** The largest number of keys to compare one by one. More keys are looked up in a Map. */
const keysToCompare = 24;

/**
 * Variables of the function: `json`, `d` (depth), `m` (message), `k` (key), `v` (value), `i` (list
 * index), `q` (map key), `w` (item), `n` (keys seen).
 */
export function generateRead(desc: DescMessage, codecs: Codecs): Read {
  const source = new Source();
  const byKey = new Map<string, DescField>();
  for (const field of desc.fields) {
    byKey.set(field.name, field).set(field.jsonName, field);
  }
  const fields = desc.fields.map((field) => ({ field, keys: [...new Set([field.name, field.jsonName])] }));
  const names = new Map([...byKey].map(([key, field]) => [key, pathName(field)]));
  const oneofs = desc.oneofs.map((_, i) => `o${i} = false`);
  const twoKeys = fields.filter(({ keys }) => keys.length > 1);
  const flags = Array.from({ length: Math.ceil(twoKeys.length / 31) }, (_, i) => `s${i} = 0`);
  const indexed = byKey.size > keysToCompare;
  const indexes = new Map([...byKey].map(([key, field]) => [key, desc.fields.indexOf(field)]));

  source.add("checkDepth(d);", 'if (typeof json !== "object" || json === null || isArray(json)) isNot(json, "an object");');
  source.add(`if ((reading.elementsLeft -= ${1 + desc.members.length}) < 0) overspent();`, `const m = ${emptyMessage(source, desc)};`);
  source.add(`let ${['k = ""', "i = -1", "q", "n = 0", ...oneofs, ...flags].join(", ")};`);
  source.add("try {", "for (k in json) {", "const v = json[k];", "n++;");
  source.add(indexed ? `switch (${source.constant(indexes)}.get(k)) {` : "switch (k) {");
  fields.forEach(({ field, keys }, index) => {
    source.add(indexed ? `case ${index}:` : keys.map((key) => `case ${literal(key)}:`).join(" "), "{");
    const flag = twoKeys.findIndex((two) => two.field === field);
    if (flag !== -1) {
      const [word, bit] = [`s${Math.floor(flag / 31)}`, 1 << (flag % 31)];
      source.add(`if ((${word} & ${bit}) !== 0) twice();`, `${word} |= ${bit};`);
    }
    source.add(...readField(source, field, desc, codecs), "break;", "}");
  });
  source.add("default:", unknown(source, codecs), "}", "}");
  source.add(`} catch (e) { throw inField(e, ${source.constant(names)}, k, i, q); }`, "reading.keys += n;", "return m;");
  return source.build("json, d", runtime);
}

function readField(source: Source, field: DescField, desc: DescMessage, codecs: Codecs): string[] {
  switch (field.fieldKind) {
    case "list":
      return readList(source, field, codecs);
    case "map":
      return readMap(source, field, codecs);
    default:
      return readSingular(source, field, desc, codecs);
  }
}

function readSingular(source: Source, field: DescField, desc: DescMessage, codecs: Codecs): string[] {
  const { oneof } = field;
  const local = literal(field.localName);
  const value = valueFrom(source, field, "v", codecs);
  const set = (expression: string) =>
    oneof === undefined ? `m[${local}] = ${expression};` : `m[${literal(oneof.localName)}] = { case: ${local}, value: ${expression} };`;
  // An ignored unknown enum value name is undefined.
  const assign = field.fieldKind === "enum" ? [`const e = ${value};`, `if (e !== undefined) ${set("e")}`] : [set(value)];
  const unlessNull = takesNull(field) ? assign : ["if (v !== null) {", ...assign, "}"];
  if (oneof === undefined) {
    return unlessNull;
  }
  // As in protobuf-es, a null counts as a second field of the oneof, unless it is a scalar's.
  const flag = `o${desc.oneofs.indexOf(oneof)}`;
  const once = [`if (${flag}) oneofTwice(${literal(oneof.name)});`, `${flag} = true;`];
  return field.fieldKind === "scalar" ? ["if (v !== null) {", ...once, ...assign, "}"] : [...once, ...unlessNull];
}

function readList(source: Source, field: DescField & { fieldKind: "list" }, codecs: Codecs): string[] {
  const item = valueFrom(source, field, "w", codecs);
  const local = literal(field.localName);
  return [
    "if (v !== null) {",
    'if (!isArray(v)) isNot(v, "a list");',
    `spend(${itemCost(field)} * v.length);`,
    ...adopt(field, [
      "let j = 0;",
      "while (j < v.length && isUsual(v[j])) j++;",
      `if (j === v.length) { m[${local}] = reading.isOwn ? v : v.slice(); break; }`,
    ]),
    `const a = m[${local}];`,
    "for (i = 0; i < v.length; i++) {",
    "const w = v[i];",
    ...(takesNull(field) ? [] : ['if (w === null) nullItem("a list");']),
    ...(field.listKind === "enum" ? [`const e = ${item};`, "if (e !== undefined) a.push(e);"] : [`a.push(${item});`]),
    "}",
    "i = -1;",
    "}",
  ];
}

function readMap(source: Source, field: DescField & { fieldKind: "map" }, codecs: Codecs): string[] {
  const key = source.constant(keyReader(field.mapKey));
  const local = literal(field.localName);
  const isKey =
    field.mapKey === ScalarType.STRING ? "(reading.isWellFormed || q.isWellFormed())" : `${source.constant(isCanonical)}(q, ${key})`;
  const set = field.mapKey === ScalarType.STRING ? "setOwn(r, key, e);" : "r[key] = e;";
  return [
    "if (v !== null) {",
    'if (typeof v !== "object" || isArray(v)) isNot(v, "an object");',
    `spend(${itemCost(field)} * keysOf(v).length);`,
    ...adopt(field, [
      "let usual = true, count = 0;",
      `for (q in v) { count++; if (!(isUsual(v[q]) && ${isKey})) { usual = false; break; } }`,
      "q = undefined;",
      `if (usual) { n += count; m[${local}] = reading.isOwn ? v : { ...v }; break; }`,
    ]),
    `const r = m[${local}];`,
    "let odd = false;",
    "for (q in v) {",
    "n++;",
    "const w = v[q];",
    ...(takesNull(field) ? [] : ['if (w === null) nullItem("a map");']),
    `const e = ${valueFrom(source, field, "w", codecs)};`,
    ...(field.mapKind === "enum" ? ["if (e === undefined) { odd = true; continue; }"] : []),
    `const key = ${key}(q);`,
    "if (key !== q) odd = true;",
    set,
    "}",
    "q = undefined;",
    ...(field.mapKey === ScalarType.STRING || field.mapKey === ScalarType.BOOL ? [] : [`if (odd) keysOnce(v, ${key});`]),
    "}",
  ];
}

/**
 * Returns statements that use the list or map of the JSON value as the field's value, if all its
 * items are unchanged in the message. They end the case.
 */
function adopt(field: DescField & { fieldKind: "list" | "map" }, statements: string[]): string[] {
  const usual = field.scalar === undefined ? undefined : usualValue(field.scalar, "w");
  return usual === undefined ? [] : [`const isUsual = (w) => ${usual};`, ...statements];
}

function isCanonical(key: string, read: (key: string) => string): boolean {
  try {
    return read(key) === key;
  } catch {
    return false;
  }
}

/**
 * Returns an expression that converts the JSON value in variable `v`, of the field or of an item,
 * to its value in the message.
 */
function valueFrom(source: Source, field: DescField, v: string, codecs: Codecs): string {
  if (field.enum !== undefined) {
    return `${source.constant(enumReader(field.enum, codecs.settings.ignoreUnknownEnumValues))}(${v})`;
  }
  if (field.scalar !== undefined) {
    return scalarOf(source, field.scalar, isTextInt64(field), v);
  }
  const inner = unwrapped(field);
  if (inner?.scalar !== undefined) {
    return `(checkDepth(d + 1), ${scalarOf(source, inner.scalar, isTextInt64(inner), v)})`;
  }
  return isPlainStruct(field) ? `readPlainStruct(${v}, d + 1)` : `${source.constant(codecs.of(field.message))}.read(${v}, d + 1)`;
}

/**
 * The code checks for the usual JSON value inline. A function handles the rest, including errors.
 */
function scalarOf(source: Source, type: ScalarType, isText: boolean, v: string): string {
  const usual = usualValue(type, v);
  const call = `${source.constant(scalarReader(type, isText))}(${v})`;
  return usual === undefined ? call : `(${usual} ? ${v} : ${call})`;
}

function usualValue(type: ScalarType, v: string): string | undefined {
  switch (type) {
    case ScalarType.DOUBLE:
      return `typeof ${v} === "number" && ${v} - ${v} === 0`;
    case ScalarType.FLOAT:
      return `typeof ${v} === "number" && ${v} < 3e38 && ${v} > -3e38`;
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return `typeof ${v} === "number" && (${v} | 0) === ${v}`;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return `typeof ${v} === "number" && ${v} >>> 0 === ${v}`;
    case ScalarType.BOOL:
      return `typeof ${v} === "boolean"`;
    case ScalarType.STRING:
      return `typeof ${v} === "string" && (reading.isWellFormed || ${v}.isWellFormed())`;
    default:
      return undefined;
  }
}

/** Returns the `default` case of the switch, for keys that are not fields of the message. */
function unknown(source: Source, codecs: Codecs): string {
  const { ignoreUnknownFields, registry } = codecs.settings;
  const ignore = 'if (typeof v === "object" && v !== null) n += countKeys(v);';
  const otherwise = ignoreUnknownFields ? ignore : "unknownField();";
  if (registry === undefined) {
    return otherwise;
  }
  const extension = source.constant((key: string) =>
    key.startsWith("[") && key.endsWith("]") ? registry.getExtension(key.slice(1, -1)) : undefined,
  );
  // As in protobuf-es, extensions of other messages are always ignored.
  return `const x = ${extension}(k); if (x === undefined) { ${otherwise} } else if (!readExtension(m, x, v, d, ${source.constant(codecs)})) { ${ignore} }`;
}
