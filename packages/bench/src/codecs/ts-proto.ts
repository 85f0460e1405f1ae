// ts-proto: functions generated for each message, with integers of 64 bits as bigint.
import { create, toBinary } from "@bufbuild/protobuf";
import * as bench from "../../gen/ts-proto/bench/bench.js";
import * as json from "../../gen/ts-proto/bench/json.js";
import { schemaOf } from "../messages/message.ts";
import type { CodecPeer } from "./codec-peer.ts";

interface Type {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  fromJSON(object: unknown): unknown;
  toJSON(message: unknown): unknown;
}

// Looked up by name, which no type can follow.
const types = { ...bench, ...json } as unknown as Readonly<Record<string, Type>>;

export const tsProto: CodecPeer = {
  name: "ts-proto",
  work(message) {
    const Type = types[message.type];
    if (Type === undefined) throw new Error(`ts-proto has no ${message.type}`);
    const schema = schemaOf(message);
    // Plain objects, as its users write them: a message of it has no class.
    const object = Type.decode(toBinary(schema, create(schema, message.init)));
    return {
      encode: () => Type.encode(object).finish(),
      decode: (bytes) => Type.decode(bytes),
      print: () => JSON.stringify(Type.toJSON(object)),
      parse: (text) => Type.fromJSON(JSON.parse(text)),
    };
  },
};
