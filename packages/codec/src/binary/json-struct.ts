// google.protobuf.Struct as a field: protobuf-es has it as a JSON object, so it goes straight from the bytes to JSON and back, without the
// Struct, Value and ListValue messages between.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { input, bool as readBool, double as readDouble, refuse, skip, tag, uint32 } from "./input.ts";
import { giveUp, grow, output, seal } from "./output.ts";
import { strictText } from "./read-text.ts";
import { recursionLimit } from "./wire.ts";
import { text, double as writeDouble } from "./write-value.ts";

/** Is this field one that protobuf-es represents as a JSON object? */
export function isJsonStruct(field: DescField): boolean {
  return field.message?.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value";
}

/** Is this the Struct that everybody knows, and not another of its name? */
export function isStandardStruct(struct: DescMessage): boolean {
  const [fields] = struct.fields;
  const value = fields?.message;
  if (fields === undefined || value === undefined || struct.fields.length !== 1 || value.fields.length !== 6) return false;
  if (fields.fieldKind !== "map" || fields.mapKind !== "message" || fields.mapKey !== ScalarType.STRING) return false;
  if (fields.number !== 1 || fields.localName !== "fields" || !fields.utf8Validation || value.typeName !== "google.protobuf.Value")
    return false;
  const kinds = value.fields.map((field) => {
    const { number, localName, fieldKind, oneof } = field;
    return [number, localName, fieldKind, oneof?.localName, field.scalar].join(" ");
  });
  const standard = [
    "1 nullValue enum kind ",
    `2 numberValue scalar kind ${ScalarType.DOUBLE}`,
    `3 stringValue scalar kind ${ScalarType.STRING}`,
    `4 boolValue scalar kind ${ScalarType.BOOL}`,
    "5 structValue message kind ",
    "6 listValue message kind ",
  ];
  if (kinds.join() !== standard.join()) return false;
  const [nullValue, , stringValue, , structValue, listValue] = value.fields;
  if (nullValue?.enum?.open !== true || stringValue?.utf8Validation !== true) return false;
  const isGroup = (field: DescField | undefined) => field?.fieldKind === "message" && field.delimitedEncoding;
  if (structValue?.message !== struct || isGroup(structValue) || isGroup(listValue)) return false;
  const [values] = listValue?.message?.fields ?? [];
  return (
    listValue?.message?.fields.length === 1 &&
    values?.fieldKind === "list" &&
    values.number === 1 &&
    values.localName === "values" &&
    values.message === value &&
    !(values.listKind === "message" && values.delimitedEncoding)
  );
}

type Json = Record<string, unknown>;

function readTag(at: number): number {
  const tagged = tag(at);
  if (tagged < 8 || (tagged & 7) > 5) refuse();
  return tagged;
}

/** Reads a length. Returns the end of what has it. */
function readEnd(at: number): number {
  const length = uint32(at);
  const end = input.at + length;
  if (end > input.length) refuse();
  return end;
}

/** Reads a Struct into an object, which may have entries. Returns the position after it. */
export function readStruct(json: Json, at: number, end: number, depth: number): number {
  if (depth > recursionLimit) refuse();
  let p = at;
  while (p < end) {
    const tagged = readTag(p);
    p = input.at;
    if (tagged >>> 3 !== 1) {
      p = skip(tagged, p, depth);
      continue;
    }
    const entryEnd = readEnd(p);
    p = input.at;
    let key = "";
    let value: unknown;
    while (p < entryEnd) {
      const part = readTag(p);
      p = input.at;
      if (part >>> 3 === 1) {
        const keyEnd = readEnd(p);
        key = strictText(input.at, keyEnd - input.at);
        p = keyEnd;
      } else if (part >>> 3 === 2) {
        const valueEnd = readEnd(p);
        value = readValue(value, input.at, valueEnd, depth + 1);
        p = input.at;
      } else p = skip(part, p, depth);
    }
    setOwn(json, key, value ?? null);
  }
  return p;
}

/** Reads a Value, which a second one of the same kind is merged into. Leaves the position after it in `input.at`. */
function readValue(before: unknown, at: number, end: number, depth: number): unknown {
  if (depth > recursionLimit) refuse();
  let value = before ?? null;
  let p = at;
  while (p < end) {
    const tagged = readTag(p);
    p = input.at;
    switch (tagged >>> 3) {
      case 1:
        uint32(p);
        p = input.at;
        value = null;
        break;
      case 2:
        if (p + 8 > input.length) refuse();
        value = readDouble(p);
        p += 8;
        break;
      case 3: {
        const textEnd = readEnd(p);
        value = strictText(input.at, textEnd - input.at);
        p = textEnd;
        break;
      }
      case 4:
        value = readBool(p);
        p = input.at;
        break;
      case 5: {
        const structEnd = readEnd(p);
        const json = (typeof value === "object" && !Array.isArray(value) && value) || {};
        p = readStruct(json as Json, input.at, structEnd, depth + 1);
        value = json;
        break;
      }
      case 6: {
        const listEnd = readEnd(p);
        const list: unknown[] = Array.isArray(value) ? value : [];
        p = readList(list, input.at, listEnd, depth + 1);
        value = list;
        break;
      }
      default:
        p = skip(tagged, p, depth);
    }
  }
  input.at = p;
  return value;
}

function readList(list: unknown[], at: number, end: number, depth: number): number {
  if (depth > recursionLimit) refuse();
  let p = at;
  while (p < end) {
    const tagged = readTag(p);
    p = input.at;
    if (tagged >>> 3 === 1) {
      const valueEnd = readEnd(p);
      list.push(readValue(undefined, input.at, valueEnd, depth + 1));
      p = input.at;
    } else p = skip(tagged, p, depth);
  }
  return p;
}

/** `__proto__` is a key like any other. */
export function setOwn(object: object, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else (object as Json)[key] = value;
}

/** Room for what is fixed of an entry or an item: tags, and lengths of up to five bytes. */
const fixedRoom = 32;

function room(at: number): Buffer {
  return at + fixedRoom > output.bytes.length ? grow(at, fixedRoom) : output.bytes;
}

/** Writes the entries of a JSON object as those of a Struct. */
export function writeStruct(json: Json, at: number): number {
  let p = at;
  const keys = Object.keys(json);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    room(p)[p] = 0x0a;
    const entry = p + 1;
    output.bytes[entry + 1] = 0x0a;
    p = text(key, entry + 2, fixedRoom);
    output.bytes[p] = 0x12;
    p = seal(entry, 1, writeValue(json[key], p + 1));
  }
  return p;
}

/** Writes a Value with its length. */
function writeValue(json: unknown, start: number): number {
  let p = start + 1;
  const bytes = room(p);
  switch (typeof json) {
    case "number":
      bytes[start] = 9;
      bytes[p] = 0x11;
      return writeDouble(json, p + 1);
    case "string":
      bytes[p] = 0x1a;
      return seal(start, 1, text(json, p + 1, fixedRoom));
    case "boolean":
      bytes[start] = 2;
      bytes[p++] = 0x20;
      bytes[p++] = json ? 1 : 0;
      return p;
    case "object":
      if (json === null) {
        bytes[start] = 2;
        bytes[p++] = 0x08;
        bytes[p++] = 0;
        return p;
      }
      if (Array.isArray(json)) {
        bytes[p] = 0x32;
        return seal(start, 1, seal(p + 1, 1, writeList(json, p + 2)));
      }
      bytes[p] = 0x2a;
      return seal(start, 1, seal(p + 1, 1, writeStruct(json as Json, p + 2)));
    default:
      return giveUp();
  }
}

function writeList(list: readonly unknown[], at: number): number {
  let p = at;
  for (let i = 0; i < list.length; i++) {
    room(p)[p] = 0x0a;
    p = writeValue(list[i], p + 1);
  }
  return p;
}
