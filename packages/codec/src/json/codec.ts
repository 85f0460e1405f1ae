// The codec of a message, as the gateway uses it: JSON text in, JSON text out.
import type { DescMessage, JsonValue, MessageShape, Registry } from "@bufbuild/protobuf";
import { TieredCodecs } from "./codecs.ts";
import { jsonError } from "./error.ts";
import type { MessageCodec, Settings } from "./message-codec.ts";
import { checkObjects, countColons, countKeysOfText, inexact, parseExactly, parseText, reading, refuseDuplicateKeys } from "./read/text.ts";
import { begin, finish } from "./write/writer.ts";

export interface JsonOptions {
  /** Names of fields in output: `json` is lowerCamelCase (json_name), `proto` is the .proto's. Both are accepted in input. Default `json`. */
  readonly fieldNames?: "json" | "proto";
  /** Print fields that have their default value: implicit presence, lists and maps, as protobuf-es's `alwaysEmitImplicit`. Default false. */
  readonly emitDefaults?: boolean;
  /** Unknown fields in input: ignored, or refused. Default true: ignored. */
  readonly ignoreUnknownFields?: boolean;
  /** Unknown names of enum values in input: ignored, or refused. Default: as `ignoreUnknownFields`. */
  readonly ignoreUnknownEnumValues?: boolean;
  /**
   * The most elements of one input; beyond it, it is refused before memory is taken for them. A message counts one, and one more for each field
   * that its type has; so does each item of a list or a map. Default: no limit.
   */
  readonly elementLimit?: number;
  /**
   * Print what canonical JSON cannot express in a form of its own, which is read back, too: an Any of an unknown type or with malformed bytes as its
   * type and its `value` in base64; a Timestamp, Duration or FieldMask out of range as an object of its fields; NaN and the infinities in a Value
   * as text, and a Value without a kind as null. Default false: a JsonError.
   */
  readonly fallbacks?: boolean;
  /** Types for google.protobuf.Any and extensions. Default none. */
  readonly registry?: Registry;
}

/** Canonical JSON of one kind of message, with the meaning of protobuf-es's `fromJsonString` and `toJsonString`, from functions made for the message. */
export interface JsonCodec<Desc extends DescMessage = DescMessage> {
  /** Throws a JsonError for text that is not JSON, for duplicate keys, and for values that are no such message. */
  parse(text: string): MessageShape<Desc>;
  /** The same for a value already parsed. Throws a JsonError. */
  fromJson(value: JsonValue): MessageShape<Desc>;
  /** Throws a JsonError for what JSON can not have: a Timestamp out of range, an Any of an unknown type, a required field that is not set. */
  print(message: MessageShape<Desc>): string;
}

/** Makes the codec of a message, or returns the one it made before. The functions themselves are made at the first use. */
export function jsonCodec<Desc extends DescMessage>(schema: Desc, options: JsonOptions = {}): JsonCodec<Desc> {
  const codecs = codecsFor(options);
  const inner = codecs.of(schema);
  const known = made.get(inner);
  const codec: JsonCodec = known ?? {
    parse: (text) => parseWith(text, (json) => inner.read(json, 1), codecs.settings),
    fromJson: (value) => readWithin(codecs.settings, () => inner.read(value, 1)),
    print(message) {
      try {
        return finish(inner.print(message, begin()));
      } catch (thrown) {
        throw jsonError(thrown);
      }
    },
  };
  made.set(inner, codec);
  // The reader of a schema makes that schema's messages.
  return codec as JsonCodec<Desc>;
}

const made = new WeakMap<MessageCodec, JsonCodec>();

/** Reads text. JSON.parse takes the last of duplicate keys; protobuf-es refuses them, and so does this: `read` counts the keys it sees. */
export function parseWith<Value>(text: string, read: (json: JsonValue) => Value, { elementLimit }: Settings): Value {
  checkObjects(text, elementLimit);
  const json = parseText(text);
  reading.keys = 0;
  reading.elementLimit = reading.elementsLeft = elementLimit;
  reading.isOwn = true;
  // Only an escape can make a lone surrogate of well-formed text.
  reading.isWellFormed = text.isWellFormed() && !text.includes("\\u");
  try {
    const value = readExactly(text, json, read);
    // Most texts have no colon in a string, and so need no closer look.
    if (reading.keys !== countColons(text) && reading.keys !== countKeysOfText(text)) {
      refuseDuplicateKeys(text);
    }
    return value;
  } catch (thrown) {
    throw jsonError(thrown);
  } finally {
    reading.isOwn = false;
    reading.isExact = false;
    reading.isWellFormed = false;
  }
}

/** Reads the text a second time if the first has met a number that it cannot know exactly. */
function readExactly<Value>(text: string, json: JsonValue, read: (json: JsonValue) => Value): Value {
  try {
    return read(json);
  } catch (thrown) {
    if (thrown !== inexact) {
      throw thrown;
    }
    reading.keys = 0;
    reading.elementsLeft = reading.elementLimit;
    reading.isExact = true;
    return read(parseExactly(text));
  }
}

/** Reads a value that has been parsed already. */
export function readWithin<Value>({ elementLimit }: Settings, read: () => Value): Value {
  reading.elementLimit = reading.elementsLeft = elementLimit;
  return orJsonError(read);
}

export function orJsonError<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (thrown) {
    throw jsonError(thrown);
  }
}

const withRegistry = new WeakMap<Registry, Map<string, TieredCodecs>>();
const withoutRegistry = new Map<string, TieredCodecs>();

/** The one `Codecs` of these options. */
export function codecsFor(options: JsonOptions): TieredCodecs {
  const { fieldNames = "json", emitDefaults = false, ignoreUnknownFields = true, registry } = options;
  const { ignoreUnknownEnumValues = ignoreUnknownFields, elementLimit = Number.POSITIVE_INFINITY, fallbacks = false } = options;
  const settings: Settings = {
    fieldNames,
    emitDefaults,
    ignoreUnknownFields,
    ignoreUnknownEnumValues,
    elementLimit,
    fallbacks,
    registry,
  };
  const key = [fieldNames, emitDefaults, ignoreUnknownFields, ignoreUnknownEnumValues, elementLimit, fallbacks].join(" ");
  const known = registry === undefined ? withoutRegistry : (withRegistry.get(registry) ?? new Map<string, TieredCodecs>());
  if (registry !== undefined) {
    withRegistry.set(registry, known);
  }
  const codecs = known.get(key) ?? new TieredCodecs(settings);
  known.set(key, codecs);
  return codecs;
}
