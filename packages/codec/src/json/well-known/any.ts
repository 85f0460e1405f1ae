// google.protobuf.Any in JSON: the message's own JSON with "@type", or "value" and "@type" for
// messages whose JSON is not an object of their fields.
import { create, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyPack, anyUnpack, hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
import { isObject } from "../../shape/object.ts";
import { Fault, isNot, shown } from "../error.ts";
import type { Codecs } from "../message-codec.ts";
import { checkDepth } from "../read/depth.ts";
import { scalarReader } from "../read/scalar.ts";
import { countKeys, reading, spend } from "../read/text.ts";
import { scalarWriter } from "../write/scalar.ts";
import { flush, writeText, writtenWithin } from "../write/writer.ts";

/** The cost of an Any in elements, including the bytes of its value, without the message in it. */
const anyCost = 8;

export function readAny(json: unknown, depth: number, codecs: Codecs): Any {
  checkDepth(depth);
  spend(anyCost);
  const any = create(AnySchema);
  if (!isObject(json)) {
    return isNot(json, "an object");
  }
  if (Object.keys(json).length === 0) {
    return any;
  }
  const { "@type": typeUrl, ...fields } = json;
  const { fallbacks } = codecs.settings;
  if (typeof typeUrl !== "string" || (typeUrl === "" && !fallbacks)) {
    throw new Fault('"@type" is missing');
  }
  const known = find(typeUrl, codecs);
  if (fallbacks && isOpaque(fields, known)) {
    reading.keys += 2;
    any.typeUrl = typeUrl;
    any.value = within("value", () => readBytes(fields.value) as Uint8Array<ArrayBuffer>);
    return any;
  }
  const desc = known ?? unknownType(typeUrl);
  reading.keys++;
  if (hasCustomJsonRepresentation(desc) && Object.hasOwn(fields, "value")) {
    const { value, ...ignored } = fields;
    reading.keys += 1 + countKeys(ignored);
    pack(
      desc,
      within("value", () => codecs.of(desc).read(value, depth + 1)),
      any,
    );
  } else {
    pack(desc, codecs.of(desc).read(fields, depth + 1), any);
  }
  return any;
}

const readBytes = scalarReader(ScalarType.BYTES, false);
const writeBytes = scalarWriter(ScalarType.BYTES);

/** `true` if the fields are the bytes of a message, in the form of {@link printOpaque}. */
function isOpaque({ value, ...others }: Record<string, unknown>, desc: DescMessage | undefined): boolean {
  if (typeof value !== "string" || Object.keys(others).length > 0) return false;
  // The JSON of an Any is always an object.
  if (desc === undefined || desc.typeName === AnySchema.typeName) return true;
  return !hasCustomJsonRepresentation(desc) && !desc.fields.some(({ name, jsonName }) => [name, jsonName].includes("value"));
}

function find(typeUrl: string, { settings }: Codecs): DescMessage | undefined {
  return settings.registry?.getMessage(typeUrl.slice(typeUrl.lastIndexOf("/") + 1));
}

function unknownType(typeUrl: string): never {
  throw new Fault(`the type ${shown(typeUrl)} is unknown`);
}

function pack(desc: DescMessage, message: Message, into: Any): void {
  try {
    anyPack(desc, message, into);
  } catch {
    throw new Fault(`the ${desc.typeName} is not complete`);
  }
}

function within<Value>(name: string, read: () => Value): Value {
  try {
    return read();
  } catch (thrown) {
    throw thrown instanceof Fault ? thrown.inField(name) : thrown;
  }
}

/** The maximum nesting of Anys. The bytes of the innermost are decoded once for each level. */
const deepest = 32;

/** The number of Anys being printed. Printing is synchronous. */
let open = 0;

export function printAny(any: Any, at: number, codecs: Codecs): number {
  const { typeUrl } = any;
  const { fallbacks } = codecs.settings;
  if (typeUrl === "" && (any.value.length === 0 || !fallbacks)) {
    return writeText("{}", at);
  }
  const desc = find(typeUrl, codecs);
  if (desc === undefined) {
    return fallbacks ? printOpaque(any, at) : unknownType(typeUrl);
  }
  if (fallbacks && open >= deepest) {
    return printOpaque(any, at);
  }
  const message = unpack(any, desc, fallbacks);
  if (message === undefined) {
    return printOpaque(any, at);
  }
  open++;
  try {
    return printKnown(typeUrl, desc, message, at, codecs);
  } finally {
    open--;
  }
}

/** Prints the type and the bytes, for recipients that know the type. */
function printOpaque({ typeUrl, value }: Any, at: number): number {
  return writeText("}", flush(writeBytes(value, flush(writeText(`{"@type":${JSON.stringify(typeUrl)},"value":`, at)))));
}

function printKnown(typeUrl: string, desc: DescMessage, message: Message, at: number, codecs: Codecs): number {
  const type = `"@type":${JSON.stringify(typeUrl)}}`;
  if (hasCustomJsonRepresentation(desc)) {
    return writeText(`,${type}`, flush(codecs.of(desc).print(message, writeText('{"value":', at))));
  }
  const start = flush(at);
  const json = writtenWithin((within) => codecs.of(desc).print(message, within));
  return writeText(json === "{}" ? `{${type}` : `${json.slice(0, -1)},${type}`, start);
}

/** Returns `undefined` for malformed bytes if `fallbacks` is set. */
function unpack(any: Any, desc: DescMessage, fallbacks: boolean): Message | undefined {
  try {
    const message = anyUnpack(any, desc);
    if (message !== undefined) {
      return message;
    }
  } catch {
    // The bytes are malformed.
  }
  if (fallbacks) return undefined;
  throw new Fault(`the value is not a ${desc.typeName}`);
}
