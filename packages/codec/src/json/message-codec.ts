// Interfaces between the parts of the JSON codec.
import type { DescField, DescMessage, Message, Registry } from "@bufbuild/protobuf";

/** The options of a codec with defaults applied. */
export interface Settings {
  readonly fieldNames: "json" | "proto";
  readonly emitDefaults: boolean;
  readonly ignoreUnknownFields: boolean;
  readonly ignoreUnknownEnumValues: boolean;
  readonly elementLimit: number;
  readonly fallbacks: boolean;
  readonly registry: Registry | undefined;
}

/**
 * Reads a message from a JSON value. `depth` is 1 for the outermost message. Adds the number of
 * keys in the value to `reading.keys`.
 */
export type Read = (json: unknown, depth: number) => Message;

/** Writes a message's JSON at a position of the writer and returns the position after it. */
export type Print = (message: Message, at: number) => number;

/** Writes the JSON of a field's value, like `Print`. */
export type PrintValue = (value: unknown, at: number) => number;

/** The codec of a message type, for use within others. Expected errors are thrown as a Fault. */
export interface MessageCodec {
  readonly read: Read;
  readonly print: Print;
}

/** The codec of a field's value. */
export interface FieldCodec {
  /**
   * The codec of the field's message type without its other fields. `read` takes an object with
   * `key`.
   */
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
