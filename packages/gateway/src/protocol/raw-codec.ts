// A codec whose messages are their bytes, so that they cross the gateway without being decoded.
import type { CodecFactory } from "@grpc-study/codec";

/** A message that has not been decoded. */
export interface RawMessage {
  readonly bytes: Buffer;
}

// A client takes any codec, but types it by the schema of the message.
export const rawCodec = (() => ({
  encode: ({ bytes }: RawMessage): Buffer => bytes,
  decode: (bytes: Buffer): RawMessage => ({ bytes }),
})) as unknown as CodecFactory;
