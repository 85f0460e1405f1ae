// The seam between messages and bytes: everything above speaks of messages, everything below of buffers.
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

/** Turns one kind of message into bytes and back. */
export interface Codec<Desc extends DescMessage = DescMessage> {
  /** Throws if the message cannot be written, for example for a number out of range. The bytes are not written to again. */
  encode(message: MessageInitShape<Desc>): Buffer;
  /** Throws if the bytes are no such message. The message may share memory with `bytes`, which is not written to again. */
  decode(bytes: Buffer): MessageShape<Desc>;
}

/** Makes the codec of a message; called once for each message and server or client. */
export type CodecFactory = <Desc extends DescMessage>(schema: Desc) => Codec<Desc>;
