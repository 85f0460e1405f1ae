// The fallback form of a Timestamp, Duration or FieldMask that canonical JSON cannot express: an
// object of its fields. {"seconds":"253402300800","nanos":0}, {"paths":["fooBar"]}
import { create, type DescMessage, fromJson, isMessage, type JsonValue, type MessageShape, toJson } from "@bufbuild/protobuf";
import { isObject } from "../../shape/object.ts";
import { isNot } from "../error.ts";
import type { MessageCodec } from "../message-codec.ts";
import { checkDepth } from "../read/depth.ts";
import { countKeys, reading, spend } from "../read/text.ts";
import { writeText } from "../write/writer.ts";

/** Returns a codec that also prints and reads messages without a canonical form. */
export function orFields<Desc extends DescMessage>(
  schema: Desc,
  codec: MessageCodec,
  isCanonical: (message: MessageShape<Desc>) => boolean,
): MessageCodec {
  // With another name, protobuf-es treats the message as an ordinary one.
  const plain: DescMessage = { ...schema, typeName: `${schema.typeName}.Fields` };
  return {
    read(json, depth) {
      if (!isObject(json)) return codec.read(json, depth);
      checkDepth(depth);
      reading.keys += countKeys(json);
      spend(Object.keys(json).length);
      try {
        return create(schema, { ...fromJson(plain, json as JsonValue), $typeName: schema.typeName } as MessageShape<Desc>);
      } catch {
        return isNot(json, `a ${schema.typeName}`);
      }
    },
    print(message, at) {
      if (!isMessage(message, schema) || isCanonical(message)) return codec.print(message, at);
      const fields = toJson(plain, { ...message, $typeName: plain.typeName }, { alwaysEmitImplicit: true });
      return writeText(JSON.stringify(fields), at);
    },
  };
}
