// A contestant of the groups `codec` and `json`.
import type { BenchMessage } from "../messages/message.ts";

/** What it does with one message. */
export interface MessageWork {
  /** What its users write: an init shape, an object. */
  readonly init: unknown;
  readonly encode: (value: unknown) => Uint8Array;
  /** Makes what is called a made message: of a class, if the codec has some. */
  readonly decode: (bytes: Buffer) => unknown;
  /** Of a made message. */
  readonly print: (made: unknown) => string;
  readonly parse: (text: string) => unknown;
}

export interface CodecPeer {
  readonly name: string;
  work(message: BenchMessage): MessageWork;
}
