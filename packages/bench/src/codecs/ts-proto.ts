// ts-proto: generated functions for each message, with 64-bit integers as bigint.
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

// Types are looked up by name at run time.
const types = { ...bench, ...json } as unknown as Readonly<Record<string, Type>>;

export const tsProto: CodecPeer = {
  name: "ts-proto",
  work(message) {
    const Type = types[message.type];
    if (Type === undefined) throw new Error(`ts-proto has no ${message.type}`);
    const schema = schemaOf(message);
    return {
      // Plain objects with all properties, as its users write them. Its messages have no class.
      init: Type.decode(toBinary(schema, create(schema, message.init))),
      encode: (value) => Type.encode(value).finish(),
      decode: (bytes) => Type.decode(bytes),
      print: (made) => JSON.stringify(Type.toJSON(made)),
      parse: (text) => Type.fromJSON(JSON.parse(text)),
    };
  },
};
