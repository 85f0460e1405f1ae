// protobuf-es as it is used without us.
import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { protobufEs as codecOf } from "@grpc-study/rpc";
import { schemaOf } from "../messages/message.ts";
import type { CodecPeer } from "./codec-peer.ts";

export const protobufEs: CodecPeer = {
  name: "protobuf-es",
  work(message) {
    const schema = schemaOf(message);
    const codec = codecOf(schema);
    const made = create(schema, message.init);
    return {
      encode: () => codec.encode(message.init),
      decode: (bytes) => codec.decode(bytes),
      print: () => toJsonString(schema, made),
      parse: (text) => fromJsonString(schema, text, { ignoreUnknownFields: true }),
    };
  },
};
