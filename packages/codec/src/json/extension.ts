// Extensions in JSON: `"[package.name]": value`. A message holds them as unknown fields. This code
// reads and prints each as the only field of a temporary message.
import {
  create,
  type DescExtension,
  type DescField,
  type DescMessage,
  type ExtensionValueShape,
  getExtension,
  type Message,
  type Registry,
  setExtension,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { property } from "../shape/object.ts";
import { isNot } from "./error.ts";
import type { Codecs } from "./message-codec.ts";
import { reading } from "./read/text.ts";
import { flush, writeText } from "./write/writer.ts";

const fields = new WeakMap<DescExtension, DescField>();

/** Returns the extension as a field that has its full name. */
function fieldOf(extension: DescExtension): DescField {
  let field = fields.get(extension);
  if (field === undefined) {
    field = { ...extension, kind: "field", parent: extension.extendee, localName: extension.typeName } as DescField;
    fields.set(extension, field);
  }
  return field;
}

/** Sets an extension from JSON. Returns `false` if the extension extends another message. */
export function readExtension(message: Message, extension: DescExtension, json: unknown, depth: number, codecs: Codecs): boolean {
  if (extension.extendee.typeName !== message.$typeName) {
    return false;
  }
  const field = fieldOf(extension);
  const { container, key } = codecs.ofField(field);
  const value = property(container.read({ [key]: json }, depth), field.localName) ?? unset(field);
  // Do not count the container's key, which is not in the text.
  reading.keys--;
  setExtension(message, extension, value as ExtensionValueShape<DescExtension>);
  return true;
}

/**
 * Returns the value that protobuf-es sets for null: the default value. Only message fields have
 * none in the container.
 */
function unset(field: DescField): unknown {
  const { message } = field;
  if (message === undefined) {
    return isNot(null, "a value");
  }
  return isWrapperDesc(message) ? property(create(message), message.fields[0].localName) : create(message);
}

/** Returns `undefined` if the bytes are malformed and `fallbacks` is set. */
function extensionValue(message: Message, extension: DescExtension, fallbacks: boolean): unknown {
  try {
    return getExtension(message, extension);
  } catch (thrown) {
    if (!fallbacks) throw thrown;
    return undefined;
  }
}

/**
 * Ends a message's JSON with the extensions that the registry knows. The "}" is missing, and the
 * "{" too if no field has been written.
 */
export function finishWithExtensions(
  message: Message,
  at: number,
  hasFields: boolean,
  desc: DescMessage,
  registry: Registry,
  codecs: Codecs,
): number {
  let lead = hasFields ? "," : "{";
  let end = at;
  for (const number of new Set(message.$unknown?.map(({ no }) => no))) {
    const extension = registry.getExtensionFor(desc, number);
    if (extension === undefined) {
      continue;
    }
    const value = extensionValue(message, extension, codecs.settings.fallbacks);
    if (value === undefined) {
      continue;
    }
    if (codecs.settings.emitDefaults || !Array.isArray(value) || value.length > 0) {
      end = writeText(`${lead}${JSON.stringify(extension.jsonName)}:`, flush(end));
      end = codecs.ofField(fieldOf(extension)).print(value, end);
      lead = ",";
    }
  }
  return writeText(lead === "," ? "}" : "{}", flush(end));
}
