// The JSON codec of one field's value, for HTTP bodies that hold only a field, as `body` and
// `response_body` of google.api.http specify.
import type { DescField, JsonValue, Message } from "@bufbuild/protobuf";
import { scalarZeroValue } from "@bufbuild/protobuf/reflect";
import { property } from "../shape/object.ts";
import { codecsFor, type JsonOptions, orJsonError, parseWith, readWithin } from "./codec.ts";
import { isNot } from "./error.ts";
import type { FieldCodec } from "./message-codec.ts";
import { reading } from "./read/text.ts";
import { begin, finish } from "./write/writer.ts";

/** Parses and prints the JSON of one field's value. The messages must have the field. */
export interface JsonFieldCodec {
  /**
   * Sets the field from JSON text and replaces its value. null clears the field unless null is a
   * value of its type. Throws a JsonError and then leaves the message unchanged.
   */
  parseInto(text: string, message: Message): void;
  /** Sets the field from a parsed JSON value. Throws a JsonError. */
  fromJsonInto(value: JsonValue, message: Message): void;
  /**
   * Prints the field's value. An unset field is `[]` for a list, `{}` for a map, the default of a
   * scalar or enum, and null for a message. Throws a JsonError.
   */
  print(message: Message): string;
}

/** Returns the codec of a field. Codecs are cached for each field and set of options. */
export function jsonFieldCodec(field: DescField, options: JsonOptions = {}): JsonFieldCodec {
  const codecs = codecsFor(options);
  const codec = codecs.ofField(field);
  const known = made.get(codec);
  if (known !== undefined) {
    return known;
  }
  const read = (value: JsonValue) => {
    const container = codec.container.read({ [codec.key]: value }, 1);
    // Do not count the container's key, which is not in the text.
    reading.keys--;
    return container;
  };
  const fieldCodec: JsonFieldCodec = {
    parseInto: (text, message) => move(field, parseWith(text, read, codecs.settings), message),
    fromJsonInto: (value, message) =>
      move(
        field,
        readWithin(codecs.settings, () => read(value)),
        message,
      ),
    print: (message) => orJsonError(() => print(field, codec, message)),
  };
  made.set(codec, fieldCodec);
  return fieldCodec;
}

const made = new WeakMap<FieldCodec, JsonFieldCodec>();

/** Moves the field's value from `from`, which has no other field. */
function move(field: DescField, from: Message, to: Message): void {
  const { localName, oneof } = field;
  if (oneof !== undefined) {
    const value = property(from, oneof.localName);
    // null clears this field, but leaves another field of the oneof set.
    if (caseOf(value) !== undefined || caseOf(property(to, oneof.localName)) === localName) {
      Object.assign(to, { [oneof.localName]: value });
    }
  } else if (Object.hasOwn(from, localName)) {
    Object.assign(to, { [localName]: property(from, localName) });
  } else {
    Reflect.deleteProperty(to, localName);
  }
}

function caseOf(oneof: unknown): unknown {
  return typeof oneof === "object" && oneof !== null ? property(oneof, "case") : undefined;
}

function print(field: DescField, codec: FieldCodec, message: Message): string {
  if (message.$typeName !== field.parent.typeName) {
    return isNot(message, `a ${field.parent.typeName}`);
  }
  const value = heldValue(field, message);
  return value === undefined ? "null" : finish(codec.print(value, begin()));
}

/** Returns the field's value or its default, and `undefined` for an unset message. */
function heldValue(field: DescField, message: Message): unknown {
  const { localName, oneof } = field;
  const held = oneof === undefined ? property(message, localName) : valueIn(property(message, oneof.localName), localName);
  switch (field.fieldKind) {
    case "message":
      return oneof !== undefined || Object.hasOwn(message, localName) ? held : undefined;
    case "scalar":
      return held ?? field.getDefaultValue() ?? scalarZeroValue(field.scalar, field.longAsString);
    case "enum":
      return held ?? field.getDefaultValue() ?? field.enum.values[0]?.number;
    default:
      return held;
  }
}

function valueIn(oneof: unknown, localName: string): unknown {
  return caseOf(oneof) === localName ? property(oneof as object, "value") : undefined;
}
