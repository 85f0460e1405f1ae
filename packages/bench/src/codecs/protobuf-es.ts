// protobuf-es as its users call it: `create`, which returns existing messages unchanged, and
// `toBinary`.
import { create, fromBinary, fromJsonString, type Message, toBinary, toJsonString } from "@bufbuild/protobuf";
import { schemaOf } from "../messages/message.ts";
import type { CodecPeer } from "./codec-peer.ts";

export const protobufEs: CodecPeer = {
  name: "protobuf-es",
  work(message) {
    const schema = schemaOf(message);
    return {
      init: message.init,
      encode: (value) => toBinary(schema, create(schema, value as Message)),
      // A Buffer is slower to decode, and would make the bytes fields Buffers.
      decode: (bytes) => fromBinary(schema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
      print: (made) => toJsonString(schema, made as Message),
      parse: (text) => fromJsonString(schema, text, { ignoreUnknownFields: true }),
    };
  },
};
