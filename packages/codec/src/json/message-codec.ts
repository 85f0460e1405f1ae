// What the parts of the JSON codec know of each other: the codec of a message or a field, and where to find those of others.
import type { DescField, DescMessage, Message, Registry } from "@bufbuild/protobuf";

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

/** Reads the message of a JSON value. `depth` is 1 for the outermost message. Adds the number of keys in the value to `reading.keys`. */
export type Read = (json: unknown, depth: number) => Message;

/** Writes a message's JSON at a position of the writer, and returns the position after it. */
export type Print = (message: Message, at: number) => number;

/** Writes the JSON of what a message holds for a field, as `Print` does. */
export type PrintValue = (value: unknown, at: number) => number;

/** One message's codec, for use within others. What it throws on purpose is a Fault. */
export interface MessageCodec {
  readonly read: Read;
  readonly print: Print;
}

/** One field's codec, for its value by itself. */
export interface FieldCodec {
  /** A message that has this field only, and is otherwise like the field's own: `read` takes an object with `name`. */
  readonly container: MessageCodec;
  /** The field's key in that object. */
  readonly key: string;
  readonly print: PrintValue;
}

/** The codecs of all types for one set of options. */
export interface Codecs {
  readonly settings: Settings;
  of(desc: DescMessage): MessageCodec;
  ofField(field: DescField): FieldCodec;
}
