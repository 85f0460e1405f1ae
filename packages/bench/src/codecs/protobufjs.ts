// protobufjs: with reflection, which compiles functions at run time, and with the static code of
// `pbjs`.
import { createRequire } from "node:module";
import Long from "long";
import protobufjs from "protobufjs";
import { plain } from "../messages/message.ts";
import type { CodecPeer } from "./codec-peer.ts";

/** The methods of a type in both variants. */
interface Type {
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  fromObject(json: object): object;
  toObject(message: object, options: protobufjs.IConversionOptions): object;
}

const root = new protobufjs.Root();
root.resolvePath = (_origin, target) => new URL(`../../proto/${target}`, import.meta.url).pathname;
root.loadSync(["bench/bench.proto", "bench/json.proto"]);

const generated: { readonly grpc_study: { readonly bench: Readonly<Record<string, Type>> } } = createRequire(import.meta.url)(
  "../../gen/protobufjs/bench.cjs",
);

const toJson: protobufjs.IConversionOptions = { longs: String, enums: String, bytes: String, json: true };

const peer = (name: string, typeOf: (type: string) => Type | undefined): CodecPeer => ({
  name,
  work({ type, init }) {
    const Type = typeOf(type);
    if (Type === undefined) throw new Error(`${name} has no ${type}`);
    return {
      init: plain(init, (value) => Long.fromString(String(value))),
      encode: (value) => Type.encode(value as object).finish(),
      decode: (bytes) => Type.decode(bytes),
      print: (made) => JSON.stringify(Type.toObject(made as object, toJson)),
      parse: (text) => Type.fromObject(JSON.parse(text)),
    };
  },
});

export const protobufjsReflection = peer("protobufjs", (type) => root.lookupType(`grpc_study.bench.${type}`));
export const protobufjsStatic = peer("protobufjs static", (type) => generated.grpc_study.bench[type]);
