// Prints messages by walking over their fields, without generated code. It is available at once,
// and V8 optimizes it for all types together, but optimized generated code is faster. Results and
// errors equal those of generated code.
import { type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { Heat } from "../../heat.ts";
import { isPlainStruct, unwrapped } from "../../shape/field.ts";
import { property } from "../../shape/object.ts";
import { Fault } from "../error.ts";
import { finishWithExtensions } from "../extension.ts";
import type { Codecs, Print, PrintValue } from "../message-codec.ts";
import { pathName } from "../names.ts";
import { printPlainStruct } from "../well-known/struct.ts";
import { enumWriter } from "./enum.ts";
import { foreign, inField, missing } from "./faults.ts";
import { inOrder, isRequired, outputName } from "./fields.ts";
import { scalarWriter } from "./scalar.ts";
import { bytes, flush, lastPosition, textWriter, writeString, writeStringMap, writeStrings, writeText } from "./writer.ts";

/** The properties of a field that do not depend on a message. */
interface PrintedField {
  /** The message member that holds the value: the field itself or its oneof. */
  readonly member: string;
  /** The field's case in its oneof, if it has one. */
  readonly oneofCase: string | undefined;
  /** Returns `true` if a field without a oneof is printed. */
  readonly isSet: (value: unknown, message: Message) => boolean;
  readonly isRequired: boolean;
  readonly writeName: (at: number) => number;
  readonly write: PrintValue;
}

export function walkPrint(desc: DescMessage, codecs: Codecs, heat: Heat): Print {
  const { settings } = codecs;
  const inOutput = inOrder(desc, settings);
  const names = inOutput.map(pathName);
  const fields = inOutput.map((field): PrintedField => {
    const { oneof } = field;
    return {
      member: (oneof ?? field).localName,
      oneofCase: oneof === undefined ? undefined : field.localName,
      isSet: setCheck(field, settings.emitDefaults),
      isRequired: isRequired(field) && !settings.fallbacks,
      writeName: textWriter(`${JSON.stringify(outputName(field, settings))}:`),
      write: valueWriter(field, codecs, heat),
    };
  });
  return (message, at) => {
    if (message.$typeName !== desc.typeName) foreign(message, desc.typeName);
    let p = at;
    let isEmpty = true;
    let index = 0;
    try {
      for (; index < fields.length; index++) {
        const { member, oneofCase, isSet, isRequired, writeName, write } = fields[index] as PrintedField;
        let value = property(message, member);
        if (oneofCase === undefined) {
          if (!isSet(value, message)) {
            if (isRequired) missing();
            continue;
          }
        } else {
          const oneof = value as { readonly case: unknown; readonly value?: unknown };
          if (oneof.case !== oneofCase) continue;
          value = oneof.value;
        }
        p = withRoom(p);
        bytes[p++] = isEmpty ? 123 : 44;
        isEmpty = false;
        p = write(value, writeName(p));
      }
      index = -1;
      if (settings.registry !== undefined && message.$unknown !== undefined) {
        return finishWithExtensions(message, p, !isEmpty, desc, settings.registry, codecs);
      }
    } catch (thrown) {
      throw inField(thrown, names[index], -1, undefined);
    }
    p = withRoom(p);
    if (isEmpty) bytes[p++] = 123;
    bytes[p] = 125;
    return p + 1;
  };
}

/** Prints the value of a set field. */
export function walkPrintValue(field: DescField, codecs: Codecs, heat: Heat): PrintValue {
  const write = valueWriter(field, codecs, heat);
  const name = pathName(field);
  return (value, at) => {
    try {
      return write(value, at);
    } catch (thrown) {
      throw inField(thrown, name, -1, undefined);
    }
  };
}

/** Makes room for one value before each key, item and end. */
function withRoom(at: number): number {
  return at > lastPosition ? flush(at) : at;
}

function setCheck(field: DescField, emitDefaults: boolean): PrintedField["isSet"] {
  if (field.fieldKind === "list") return emitDefaults ? () => true : (value) => (value as readonly unknown[]).length !== 0;
  if (field.fieldKind === "map") return emitDefaults ? () => true : (value) => Object.keys(value as object).length !== 0;
  if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) {
    const { localName } = field;
    // The prototype may have a property with that name: a default of protobuf-es, or a member of
    // Object.
    return (value, message) => value !== undefined && Object.hasOwn(message, localName);
  }
  if (emitDefaults) return () => true;
  if (field.fieldKind === "enum") {
    const zero = field.enum.values[0]?.number ?? 0;
    return (value) => value !== zero;
  }
  switch (field.scalar) {
    case ScalarType.BOOL:
      return (value) => value !== false;
    case ScalarType.STRING:
      return (value) => value !== "";
    case ScalarType.BYTES:
      return (value) => !(value instanceof Uint8Array) || value.byteLength > 0;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      // -0 is not the default.
      return (value) => !Object.is(value, 0);
    default:
      // biome-ignore lint/suspicious/noDoubleEquals: 0 and "0" are zero, too
      return (value) => (typeof value === "bigint" ? value !== 0n : value != 0);
  }
}

/** Writes the field's value. */
function valueWriter(field: DescField, codecs: Codecs, heat: Heat): PrintValue {
  const isStrings = field.fieldKind !== "scalar" && field.scalar === ScalarType.STRING;
  switch (field.fieldKind) {
    case "list":
      return isStrings ? (value, at) => writeStrings(value as readonly unknown[], at) : listWriter(itemWriter(field, codecs), heat);
    case "map":
      return isStrings && field.mapKey === ScalarType.STRING
        ? (value, at) => writeStringMap(value as Readonly<Record<string, unknown>>, at)
        : mapWriter(itemWriter(field, codecs), heat);
    default:
      return itemWriter(field, codecs);
  }
}

function listWriter(write: PrintValue, heat: Heat): PrintValue {
  return (value, at) => {
    const list = value as readonly unknown[];
    heat.addItems(list.length);
    let p = at;
    bytes[p++] = 91;
    let index = 0;
    try {
      for (; index < list.length; index++) {
        p = withRoom(p);
        if (index !== 0) bytes[p++] = 44;
        p = write(list[index], p);
      }
    } catch (thrown) {
      throw thrown instanceof Fault ? thrown.inItem(index) : thrown;
    }
    p = withRoom(p);
    bytes[p++] = 93;
    return p;
  };
}

function mapWriter(write: PrintValue, heat: Heat): PrintValue {
  return (value, at) => {
    const entries = value as Readonly<Record<string, unknown>>;
    const keys = Object.keys(entries);
    heat.addItems(keys.length);
    let p = at;
    bytes[p++] = 123;
    let key = "";
    try {
      for (const [index, name] of keys.entries()) {
        key = name;
        p = withRoom(p);
        if (index !== 0) bytes[p++] = 44;
        p = writeString(key, p);
        bytes[p++] = 58;
        p = write(entries[key], p);
      }
    } catch (thrown) {
      throw thrown instanceof Fault ? thrown.inItem(key) : thrown;
    }
    p = withRoom(p);
    bytes[p++] = 125;
    return p;
  };
}

/** Writes one value, of the field or of an item. */
function itemWriter(field: DescField, codecs: Codecs): PrintValue {
  if (field.enum !== undefined) return enumWriter(field.enum);
  const scalar = field.scalar ?? unwrapped(field)?.scalar;
  if (scalar !== undefined) return scalarWriter(scalar);
  if (field.message === undefined || isPlainStruct(field)) {
    const { fallbacks } = codecs.settings;
    return (value, at) => writeText(printPlainStruct(value, fallbacks), at);
  }
  const codec = codecs.of(field.message);
  return (value, at) => codec.print(value as Message, at);
}
