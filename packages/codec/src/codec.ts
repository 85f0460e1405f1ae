// The interface between messages and bytes.
import { inspect } from "node:util";
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

/** Encodes and decodes messages of one type. */
export interface Codec<Desc extends DescMessage = DescMessage> {
  /**
   * Throws if the message cannot be encoded, for example if a number is out of range. The Buffer is
   * never written to again.
   */
  encode(message: MessageInitShape<Desc>): Buffer;
  /**
   * Throws if the bytes are malformed. The message may share memory with `bytes`, which must not be
   * written to again.
   */
  decode(bytes: Buffer): MessageShape<Desc>;
  /**
   * Like `decode`, but reads from `start` to the end, and the message shares no memory with
   * `bytes`. Servers use it to read a small message from the large buffer of a socket; without it,
   * they copy the message first.
   */
  decodeFrom?(bytes: Buffer, start: number): MessageShape<Desc>;
}

/** Creates the codec of a message type. A server or client calls it once for each type. */
export type CodecFactory = <Desc extends DescMessage>(schema: Desc) => Codec<Desc>;

/** @throws TypeError if it is not the schema of a message. */
export function checkSchema(schema: DescMessage): void {
  if (schema?.kind === "message") return;
  throw new TypeError(`a codec needs the schema of a message, got ${inspect(schema, { depth: -1 })}`);
}
