// The messages of google.protobuf with a JSON form of their own.
import { create, type DescMessage, isMessage, type Message, type MessageShape } from "@bufbuild/protobuf";
import {
  AnySchema,
  DurationSchema,
  FieldMaskSchema,
  isWrapperDesc,
  ListValueSchema,
  StructSchema,
  TimestampSchema,
  ValueSchema,
  type WktWrapperDesc,
} from "@bufbuild/protobuf/wkt";
import { isTextInt64 } from "../../shape/field.ts";
import { property } from "../../shape/object.ts";
import { isNot } from "../error.ts";
import type { Codecs, MessageCodec } from "../message-codec.ts";
import { checkDepth } from "../read/depth.ts";
import { scalarReader } from "../read/scalar.ts";
import { spend } from "../read/text.ts";
import { scalarWriter } from "../write/scalar.ts";
import { writeText } from "../write/writer.ts";
import { printAny, readAny } from "./any.ts";
import { isDuration, printDuration, readDuration } from "./duration.ts";
import { isFieldMask, printFieldMask, readFieldMask } from "./field-mask.ts";
import { orFields } from "./or-fields.ts";
import { printListValue, printStruct, printValue, readListValue, readStruct, readValue } from "./struct.ts";
import { isTimestamp, readTimestamp, writeTimestamp } from "./timestamp.ts";

/**
 * Returns the codec of a well-known type, or `undefined` for all others. It needs no generated
 * code.
 */
export function wellKnownCodec(desc: DescMessage, codecs: Codecs): MessageCodec | undefined {
  const { fallbacks } = codecs.settings;
  switch (desc.typeName) {
    case AnySchema.typeName:
      return {
        read: (json, depth) => readAny(json, depth, codecs),
        print: (message, at) => printAny(checked(message, AnySchema), at, codecs),
      };
    case TimestampSchema.typeName: {
      const codec: MessageCodec = { read: readTimestamp, print: (message, at) => writeTimestamp(checked(message, TimestampSchema), at) };
      return fallbacks ? orFields(TimestampSchema, codec, isTimestamp) : codec;
    }
    case DurationSchema.typeName: {
      const codec = codecOf(DurationSchema, readDuration, printDuration);
      return fallbacks ? orFields(DurationSchema, codec, isDuration) : codec;
    }
    case FieldMaskSchema.typeName: {
      const codec = codecOf(FieldMaskSchema, readFieldMask, printFieldMask);
      return fallbacks ? orFields(FieldMaskSchema, codec, isFieldMask) : codec;
    }
    case StructSchema.typeName:
      return codecOf(StructSchema, readStruct, (struct) => printStruct(struct, fallbacks));
    case ListValueSchema.typeName:
      return codecOf(ListValueSchema, readListValue, (list) => printListValue(list, fallbacks));
    case ValueSchema.typeName:
      return codecOf(ValueSchema, readValue, (value) => printValue(value, fallbacks));
    default:
      return isWrapperDesc(desc) ? wrapperCodec(desc) : undefined;
  }
}

function codecOf<Desc extends DescMessage>(
  schema: Desc,
  read: (json: unknown, depth: number) => MessageShape<Desc>,
  print: (message: MessageShape<Desc>) => string,
): MessageCodec {
  return { read, print: (message, at) => writeText(print(checked(message, schema)), at) };
}

function checked<Desc extends DescMessage>(message: Message, schema: Desc): MessageShape<Desc> {
  return isMessage(message, schema) ? message : isNot(message, `a ${schema.typeName}`);
}

/**
 * The codec of wrappers such as google.protobuf.Int32Value, where the message holds the wrapper
 * rather than its value: in lists, maps and oneofs, and by themselves.
 */
function wrapperCodec(desc: WktWrapperDesc): MessageCodec {
  const [field] = desc.fields;
  const read = scalarReader(field.scalar, isTextInt64(field));
  const write = scalarWriter(field.scalar);
  return {
    read(json, depth) {
      checkDepth(depth);
      spend(2);
      return json === null ? create(desc) : Object.assign(create(desc), { [field.localName]: read(json) });
    },
    print: (message, at) => write(property(checked(message, desc), field.localName), at),
  };
}
