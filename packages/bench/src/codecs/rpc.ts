// Ours: the compiled codec, and the gateway's JSON.
import type { Message } from "@bufbuild/protobuf";
import { warmUp } from "@grpc-study/codec";
import { jsonCodec, warmUpJson } from "@grpc-study/codec/json";
import { compiled } from "@grpc-study/rpc";
import { schemaOf } from "../messages/message.ts";
import type { CodecPeer } from "./codec-peer.ts";

export const rpc: CodecPeer = {
  name: "rpc",
  work(message) {
    const schema = schemaOf(message);
    // What is measured is the code of a type that is hot: also the messages that `decode` makes first.
    warmUp(schema);
    warmUpJson(schema);
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
