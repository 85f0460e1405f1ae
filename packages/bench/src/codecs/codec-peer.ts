// A contestant in the groups `codec` and `json`.
import type { BenchMessage } from "../messages/message.ts";

/** The operations of a codec on one message. */
export interface MessageWork {
  /** The input that users write: an init shape, or an object. */
  readonly init: unknown;
  readonly encode: (value: unknown) => Uint8Array;
  /** Returns a message as the codec represents it, such as a class instance. */
  readonly decode: (bytes: Buffer) => unknown;
  /** Prints a message that `decode` returned. */
  readonly print: (made: unknown) => string;
  readonly parse: (text: string) => unknown;
}

export interface CodecPeer {
  readonly name: string;
  work(message: BenchMessage): MessageWork;
}
