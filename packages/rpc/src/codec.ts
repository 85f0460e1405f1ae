// The seam between messages and bytes: everything above speaks of messages, everything below of buffers.
import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";

/** Turns one kind of message into bytes and back. */
export interface Codec<Desc extends DescMessage = DescMessage> {
  /** Throws if the message cannot be written, for example for a number out of range. */
  encode(message: MessageInitShape<Desc>): Buffer;
  /** Throws if the bytes are no such message. The message may share memory with `bytes`, which is not written to again. */
  decode(bytes: Buffer): MessageShape<Desc>;
}

/** Makes the codec of a message; called once for each message and server or client. */
export type CodecFactory = <Desc extends DescMessage>(schema: Desc) => Codec<Desc>;

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
