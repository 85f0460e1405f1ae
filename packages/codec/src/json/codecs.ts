// The codecs of all messages for one set of options, each made when it is first used.
import type { DescField, DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { hasNameConflict } from "./field-shape.ts";
import { generatePrint, generatePrintValue } from "./generate-print.ts";
import { generateRead } from "./generate-read.ts";
import { protobufEsPrint, protobufEsPrintValue, protobufEsRead } from "./protobuf-es.ts";
import { canGenerate } from "./source.ts";
import { wellKnownCodec } from "./well-known/index.ts";

/** The options of a codec, all of them set. */
export interface Settings {
  readonly fieldNames: "json" | "proto";
  readonly emitDefaults: boolean;
  readonly ignoreUnknownFields: boolean;
  readonly ignoreUnknownEnumValues: boolean;
  readonly elementLimit: number;
  readonly fallbacks: boolean;
  readonly registry: Registry | undefined;
}

/** One message's codec, for use within others. What it throws on purpose is a Fault. */
export interface MessageCodec {
  /** The message of a JSON value. `depth` is 1 for the outermost message. Adds the number of keys in the value to `reading.keys`. */
  read(json: unknown, depth: number): Message;
  /** Writes the message's JSON at a position of the writer, and returns the position after it. */
  print(message: Message, at: number): number;
}

/** One field's codec, for its value by itself. */
export interface FieldCodec {
  /** A message that has this field only, and is otherwise like the field's own: `read` takes an object with `name`. */
  readonly container: MessageCodec;
  /** The field's key in that object. */
  readonly key: string;
  /** Writes the JSON of what a message holds for the field, as `MessageCodec` does. */
  readonly print: (value: unknown, at: number) => number;
}

export class Codecs {
  readonly settings: Settings;
  readonly #codecs = new WeakMap<DescMessage, MessageCodec>();
  readonly #fields = new WeakMap<DescField, FieldCodec>();

  constructor(settings: Settings) {
    this.settings = settings;
  }

  of(desc: DescMessage): MessageCodec {
    let codec = this.#codecs.get(desc);
    if (codec === undefined) {
      codec = wellKnownCodec(desc, this) ?? this.#lazily(desc);
      this.#codecs.set(desc, codec);
    }
    return codec;
  }

  ofField(field: DescField): FieldCodec {
    let codec = this.#fields.get(field);
    if (codec === undefined) {
      const container = alone(field);
      codec = {
        container: this.#lazily(container),
        key: field.jsonName,
        print: canGenerate() ? generatePrintValue(field, this) : protobufEsPrintValue(container, field, this),
      };
      this.#fields.set(field, codec);
    }
    return codec;
  }

  /** Functions that make the real ones at their first call: a message may hold itself, and most of a large API is never called. */
  #lazily(desc: DescMessage): MessageCodec {
    const codec: MessageCodec = {
      read: (json, depth) => {
        codec.read = canGenerate() && !hasNameConflict(desc) ? generateRead(desc, this) : protobufEsRead(desc, this);
        return codec.read(json, depth);
      },
      print: (message, at) => {
        codec.print = canGenerate() && !hasNameConflict(desc) ? generatePrint(desc, this) : protobufEsPrint(desc, this);
        return codec.print(message, at);
      },
    };
    return codec;
  }
}

/** The field's message as if it had no other field. */
function alone(field: DescField): DescMessage {
  const { oneof, parent } = field;
  return { ...parent, fields: [field], members: [oneof ?? field], oneofs: oneof === undefined ? [] : [oneof] };
}
