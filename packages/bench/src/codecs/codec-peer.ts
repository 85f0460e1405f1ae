// A contestant of the groups `codec` and `json`.
import type { BenchMessage } from "../messages/message.ts";

/** What it does with one message. Encoding begins with what its users have in hand: an init shape, an object. */
export interface MessageWork {
  readonly encode: () => Uint8Array;
  readonly decode: (bytes: Buffer) => unknown;
  /** Absent if it has no JSON. */
  readonly print?: () => string;
  readonly parse?: (text: string) => unknown;
}

export interface CodecPeer {
  readonly name: string;
  work(message: BenchMessage): MessageWork;
}
