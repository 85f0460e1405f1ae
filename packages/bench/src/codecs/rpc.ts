// Our compiled codec, and the JSON codec of the gateway.
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
    // Measures the code of hot types, including the messages that `decode` creates first.
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
