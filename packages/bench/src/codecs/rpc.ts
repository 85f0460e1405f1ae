// Ours: the compiled codec, and the gateway's JSON.
import { create } from "@bufbuild/protobuf";
import { jsonCodec } from "@grpc-study/gateway/json";
import { compiled } from "@grpc-study/rpc";
import { schemaOf } from "../messages/message.ts";
import type { CodecPeer } from "./codec-peer.ts";

export const rpc: CodecPeer = {
  name: "rpc",
  work(message) {
    const schema = schemaOf(message);
    const codec = compiled(schema);
    const json = jsonCodec(schema);
    const made = create(schema, message.init);
    return {
      encode: () => codec.encode(message.init),
      decode: (bytes) => codec.decode(bytes),
      print: () => json.print(made),
      parse: (text) => json.parse(text),
    };
  },
};
