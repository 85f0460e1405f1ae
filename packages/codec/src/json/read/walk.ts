// Reads messages by walking over their fields, without generated code. It is available at once, and
// V8 optimizes it for all types together, but optimized generated code is faster. Results and
// errors equal those of generated code.
import { create, type DescField, type DescMessage, type DescOneof, type Message, ScalarType } from "@bufbuild/protobuf";
import type { Heat } from "../../heat.ts";
import { isPlainStruct, isTextInt64, takesNull, unwrapped } from "../../shape/field.ts";
import { isObject, setOwn } from "../../shape/object.ts";
import { Fault, isNot } from "../error.ts";
import { readExtension } from "../extension.ts";
import type { Codecs, Read } from "../message-codec.ts";
import { pathName } from "../names.ts";
import { readPlainStruct } from "../well-known/struct.ts";
import { checkDepth } from "./depth.ts";
import { enumReader } from "./enum.ts";
import { inField, keysOnce, nullItem, oneofTwice, twice, unknownField } from "./faults.ts";
import { keyReader, scalarReader } from "./scalar.ts";
import { countKeys, overspent, reading, spend } from "./text.ts";

type Fields = Record<string, unknown>;

/** The state of reading one message. */
interface Progress {
  readonly message: Fields;
  readonly depth: number;
  /** The fields and oneofs that were set, to detect duplicates. */
  readonly seen: Set<DescField | DescOneof>;
  /** The number of keys, without those of nested messages. */
  keys: number;
}

/** Sets a field from the JSON value of its key. */
type ReadField = (value: unknown, progress: Progress) => void;

/** Reads one value of a field. Returns `undefined` for an ignored enum value name. */
type ReadValue = (value: unknown, depth: number) => unknown;

export function walkRead(desc: DescMessage, codecs: Codecs, heat: Heat): Read {
  const readers = new Map<string, ReadField>();
  const names = new Map<string, string>();
  for (const field of desc.fields) {
    const read = readField(field, codecs, heat);
    for (const key of [field.name, field.jsonName]) {
      readers.set(key, read);
      names.set(key, pathName(field));
    }
  }
  const readUnknown = unknownReader(codecs);
  const cost = 1 + desc.members.length;
  return (json, depth) => {
    checkDepth(depth);
    if (!isObject(json)) return isNot(json, "an object");
    reading.elementsLeft -= cost;
    if (reading.elementsLeft < 0) overspent();
    const message = create(desc);
    const progress: Progress = { message: message as unknown as Fields, depth, seen: new Set(), keys: 0 };
    let key = "";
    try {
      for (key in json) {
        progress.keys++;
        const read = readers.get(key);
        if (read === undefined) readUnknown(key, json[key], message, progress);
        else read(json[key], progress);
      }
    } catch (thrown) {
      throw inField(thrown, names, key, -1, undefined);
    }
    reading.keys += progress.keys;
    return message;
  };
}

function readField(field: DescField, codecs: Codecs, heat: Heat): ReadField {
  const read = fieldReader(field, codecs, heat);
  if (field.name === field.jsonName) return read;
  return (value, progress) => {
    if (progress.seen.has(field)) twice();
    progress.seen.add(field);
    read(value, progress);
  };
}

function fieldReader(field: DescField, codecs: Codecs, heat: Heat): ReadField {
  switch (field.fieldKind) {
    case "list":
      return listReader(field, codecs, heat);
    case "map":
      return mapReader(field, codecs, heat);
    default:
      return singularReader(field, codecs);
  }
}

function singularReader(field: DescField, codecs: Codecs): ReadField {
  const { localName, oneof } = field;
  const read = valueReader(field, codecs);
  const nullIsValue = takesNull(field);
  if (oneof === undefined) {
    return (value, { message, depth }) => {
      if (value === null && !nullIsValue) return;
      const held = read(value, depth);
      if (held !== undefined) message[localName] = held;
    };
  }
  return (value, { message, depth, seen }) => {
    // As in protobuf-es, a null counts as a second field of the oneof, unless it is a scalar's.
    if (value === null && field.fieldKind === "scalar") return;
    if (seen.has(oneof)) oneofTwice(oneof.name);
    seen.add(oneof);
    if (value === null && !nullIsValue) return;
    const held = read(value, depth);
    if (held !== undefined) message[oneof.localName] = { case: localName, value: held };
  };
}

function listReader(field: DescField & { fieldKind: "list" }, codecs: Codecs, heat: Heat): ReadField {
  const { localName } = field;
  const read = valueReader(field, codecs);
  const nullIsValue = takesNull(field);
  const cost = itemCost(field);
  return (value, { message, depth }) => {
    if (value === null) return;
    if (!Array.isArray(value)) return isNot(value, "a list");
    spend(cost * value.length);
    heat.addItems(value.length);
    const list = message[localName] as unknown[];
    let index = 0;
    try {
      for (; index < value.length; index++) {
        const item: unknown = value[index];
        if (item === null && !nullIsValue) nullItem("a list");
        const held = read(item, depth);
        if (held !== undefined) list.push(held);
      }
    } catch (thrown) {
      throw thrown instanceof Fault ? thrown.inItem(index) : thrown;
    }
  };
}

function mapReader(field: DescField & { fieldKind: "map" }, codecs: Codecs, heat: Heat): ReadField {
  const { localName, mapKey } = field;
  const read = valueReader(field, codecs);
  const readKey = keyReader(mapKey);
  const nullIsValue = takesNull(field);
  const cost = itemCost(field);
  const keysMayMeet = mapKey !== ScalarType.STRING && mapKey !== ScalarType.BOOL;
  return (value, progress) => {
    if (value === null) return;
    if (!isObject(value)) return isNot(value, "an object");
    const keys = Object.keys(value);
    spend(cost * keys.length);
    heat.addItems(keys.length);
    const entries = progress.message[localName] as Fields;
    let odd = false;
    let name = "";
    try {
      for (name of keys) {
        progress.keys++;
        const item = value[name];
        if (item === null && !nullIsValue) nullItem("a map");
        const held = read(item, progress.depth);
        if (held === undefined) {
          odd = true;
          continue;
        }
        const key = readKey(name);
        if (key !== name) odd = true;
        setOwn<unknown>(entries, key, held);
      }
    } catch (thrown) {
      throw thrown instanceof Fault ? thrown.inItem(name) : thrown;
    }
    if (odd && keysMayMeet) keysOnce(value, readKey);
  };
}

/**
 * Returns the cost of a list or map item in elements. A Uint8Array takes about a hundred bytes,
 * however short it is.
 */
export function itemCost({ scalar }: DescField): number {
  return scalar === ScalarType.BYTES ? 4 : 1;
}

function valueReader(field: DescField, codecs: Codecs): ReadValue {
  if (field.enum !== undefined) return enumReader(field.enum, codecs.settings.ignoreUnknownEnumValues);
  if (field.scalar !== undefined) return scalarReader(field.scalar, isTextInt64(field));
  const inner = unwrapped(field);
  if (inner !== undefined) {
    const read = scalarReader(inner.scalar, isTextInt64(inner));
    return (value, depth) => {
      checkDepth(depth + 1);
      return read(value);
    };
  }
  if (isPlainStruct(field)) return (value, depth) => readPlainStruct(value, depth + 1);
  const codec = codecs.of(field.message);
  return (value, depth) => codec.read(value, depth + 1);
}

/** Reads keys that are not fields of the message. */
function unknownReader(codecs: Codecs) {
  const { ignoreUnknownFields, registry } = codecs.settings;
  return (key: string, value: unknown, message: Message, progress: Progress): void => {
    const extension =
      registry !== undefined && key.startsWith("[") && key.endsWith("]") ? registry.getExtension(key.slice(1, -1)) : undefined;
    if (extension === undefined) {
      if (!ignoreUnknownFields) unknownField();
    } else if (readExtension(message, extension, value, progress.depth, codecs)) return;
    // As in protobuf-es, extensions of other messages are always ignored.
    progress.keys += countKeys(value);
  };
}
