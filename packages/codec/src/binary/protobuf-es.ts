// The codec of protobuf-es itself: what the compiled one is measured against, and falls back to.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { CodecFactory } from "../codec.ts";

/** The codec of protobuf-es. */
export const protobufEs: CodecFactory = (schema) => ({
  encode(message) {
    const bytes = toBinary(schema, create(schema, message));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  },
  decode(bytes) {
    // Not the Buffer itself: the bytes fields would be Buffers too, where protobuf-es makes Uint8Arrays.
    return fromBinary(schema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  },
});
