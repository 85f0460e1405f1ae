// google.protobuf.Any in JSON: the message's own JSON and "@type", or "value" and "@type" for messages whose JSON is not an object of their fields.
import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyPack, anyUnpack, hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
import type { Codecs } from "../codecs.ts";
import { checkDepth } from "../depth.ts";
import { Fault, isNot, shown } from "../error.ts";
import { isObject } from "../object.ts";
import { countKeys, reading } from "../text.ts";
import { flush, writeText, writtenWithin } from "../writer.ts";

export function readAny(json: unknown, depth: number, codecs: Codecs): Any {
  const any = create(AnySchema);
  checkDepth(depth);
  if (!isObject(json)) {
    return isNot(json, "an object");
  }
  if (Object.keys(json).length === 0) {
    return any;
  }
  const { "@type": typeUrl, ...fields } = json;
  if (typeof typeUrl !== "string" || typeUrl === "") {
    throw new Fault('"@type" is missing');
  }
  const desc = typeOf(typeUrl, codecs);
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

function typeOf(typeUrl: string, codecs: Codecs): DescMessage {
  const desc = codecs.settings.registry?.getMessage(typeUrl.slice(typeUrl.lastIndexOf("/") + 1));
  if (desc === undefined) {
    throw new Fault(`the type ${shown(typeUrl)} is not known`);
  }
  return desc;
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

export function printAny(any: Any, at: number, codecs: Codecs): number {
  const { typeUrl } = any;
  if (typeUrl === "") {
    return writeText("{}", at);
  }
  const desc = typeOf(typeUrl, codecs);
  const message = unpack(any, desc);
  const type = `"@type":${JSON.stringify(typeUrl)}}`;
  if (hasCustomJsonRepresentation(desc)) {
    return writeText(`,${type}`, flush(codecs.of(desc).print(message, writeText('{"value":', at))));
  }
  const start = flush(at);
  const json = writtenWithin((within) => codecs.of(desc).print(message, within));
  return writeText(json === "{}" ? `{${type}` : `${json.slice(0, -1)},${type}`, start);
}

function unpack(any: Any, desc: DescMessage): Message {
  try {
    const message = anyUnpack(any, desc);
    if (message !== undefined) {
      return message;
    }
  } catch {
    // Bytes that are no such message.
  }
  throw new Fault(`the value is not a ${desc.typeName}`);
}
