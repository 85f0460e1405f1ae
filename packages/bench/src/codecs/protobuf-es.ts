// protobuf-es as it is used without us: `create`, which leaves alone what is made already, and `toBinary`.
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
      // Of a Buffer it would make other bytes fields, and it reads it more slowly.
      decode: (bytes) => fromBinary(schema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
      print: (made) => toJsonString(schema, made as Message),
      parse: (text) => fromJsonString(schema, text, { ignoreUnknownFields: true }),
    };
  },
};
