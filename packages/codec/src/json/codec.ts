// The JSON codec of a message: parses and prints JSON text.
import type { DescMessage, JsonValue, MessageShape, Registry } from "@bufbuild/protobuf";
import { TieredCodecs } from "./codecs.ts";
import { jsonError } from "./error.ts";
import type { MessageCodec, Settings } from "./message-codec.ts";
import { checkObjects, countColons, countKeysOfText, inexact, parseExactly, parseText, reading, rejectDuplicateKeys } from "./read/text.ts";
import { begin, finish } from "./write/writer.ts";

export interface JsonOptions {
  /**
   * Field names in output: `json` is lowerCamelCase (json_name), `proto` is the name in the .proto
   * file. Input may use both. Default: `json`.
   */
  readonly fieldNames?: "json" | "proto";
  /**
   * Prints fields with default values (implicit presence), empty lists and empty maps, like
   * protobuf-es's `alwaysEmitImplicit`. Default: `false`.
   */
  readonly emitDefaults?: boolean;
  /** Ignores unknown fields in input instead of rejecting them. Default: `true`. */
  readonly ignoreUnknownFields?: boolean;
  /**
   * Ignores unknown enum value names in input instead of rejecting them. Default:
   * `ignoreUnknownFields`.
   */
  readonly ignoreUnknownEnumValues?: boolean;
  /**
   * The maximum number of elements in one input. A message counts as one plus the number of fields
   * of its type. Each item of a list or map counts as one. The codec rejects larger input with a
   * `TooManyElementsError` before it allocates memory for the elements. Default: no limit.
   */
  readonly elementLimit?: number;
  /**
   * Prints values that canonical JSON cannot express in a fallback form, and reads that form: an
   * Any of an unknown type or with malformed bytes as its type and its `value` in base64; a
   * Timestamp, Duration or FieldMask out of range as an object of its fields; NaN and the
   * infinities in a Value as strings; and a Value without a kind as null. Default: `false`, which
   * throws a JsonError.
   */
  readonly fallbacks?: boolean;
  /** Types for google.protobuf.Any and extensions. Default: none. */
  readonly registry?: Registry;
}

/**
 * Parses and prints canonical JSON for one message type, like protobuf-es's `fromJsonString` and
 * `toJsonString`.
 */
export interface JsonCodec<Desc extends DescMessage = DescMessage> {
  /** Parses JSON text. Throws a JsonError for malformed JSON, duplicate keys and invalid values. */
  parse(text: string): MessageShape<Desc>;
  /** Reads a parsed JSON value. Throws a JsonError for invalid values. */
  fromJson(value: JsonValue): MessageShape<Desc>;
  /**
   * Prints a message as JSON text. Throws a JsonError for values without a JSON form: a Timestamp
   * out of range, an Any of an unknown type, an unset required field.
   */
  print(message: MessageShape<Desc>): string;
}

/** Returns the codec of a message type. Codecs are cached for each schema and set of options. */
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
  // The reader of a schema creates messages of that schema.
  return codec as JsonCodec<Desc>;
}

const made = new WeakMap<MessageCodec, JsonCodec>();

/**
 * Reads text. JSON.parse keeps the last of duplicate keys, but protobuf-es rejects them. `read`
 * counts its keys to detect duplicates.
 */
export function parseWith<Value>(text: string, read: (json: JsonValue) => Value, { elementLimit }: Settings): Value {
  checkObjects(text, elementLimit);
  const json = parseText(text);
  reading.keys = 0;
  reading.elementLimit = reading.elementsLeft = elementLimit;
  reading.isOwn = true;
  // In well-formed text, only an escape can produce a lone surrogate.
  reading.isWellFormed = text.isWellFormed() && !text.includes("\\u");
  try {
    const value = readExactly(text, json, read);
    // In most texts no string contains a colon, so counting colons is enough.
    if (reading.keys !== countColons(text) && reading.keys !== countKeysOfText(text)) {
      rejectDuplicateKeys(text);
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

/** Reads the text again, exactly, if the first attempt met a number that JSON.parse has rounded. */
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

/** Reads a parsed JSON value. */
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

/** Returns the shared `Codecs` of these options. */
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
