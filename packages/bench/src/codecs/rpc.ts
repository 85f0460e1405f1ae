// Ours: the compiled codec, and the gateway's JSON.
import type { Message } from "@bufbuild/protobuf";
import { jsonCodec } from "@grpc-study/codec/json";
import { compiled } from "@grpc-study/rpc";
import { schemaOf } from "../messages/message.ts";
import type { CodecPeer } from "./codec-peer.ts";

export const rpc: CodecPeer = {
  name: "rpc",
  work(message) {
    const schema = schemaOf(message);
    const codec = compiled(schema);
    const json = jsonCodec(schema);
    return {
      init: message.init,
      encode: (value) => codec.encode(value as Message),
      decode: (bytes) => codec.decode(bytes),
      print: (made) => json.print(made as Message),
      parse: (text) => json.parse(text),
    };
  },
};
