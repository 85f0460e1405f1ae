// The codec of protobuf-es: the reference for the compiled codec, and its fallback.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type CodecFactory, checkSchema } from "../codec.ts";

/** The codec of protobuf-es. */
export const protobufEs: CodecFactory = (schema) => {
  checkSchema(schema);
  return {
    encode(message) {
      const bytes = toBinary(schema, create(schema, message));
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    decode(bytes) {
      // A Buffer as input would make the bytes fields Buffers instead of Uint8Arrays.
      return fromBinary(schema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
  };
};
