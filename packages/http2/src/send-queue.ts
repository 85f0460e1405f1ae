import type { HeaderList } from "./headers/header-list.ts";

/** The overhead of a part in octets. */
const partOverhead = 64;

/** Data that waits for flow control or the socket. Streams that never wait have no queue. */
export class SendQueue {
  readonly parts: Uint8Array[] = [];
  /** The octets of the first part that have been sent. */
  offset = 0;
  /** The octets that wait. */
  size = 0;
  end = false;
  trailers: HeaderList | null = null;

  /** The octets and the overhead. */
  get cost(): number {
    return this.size + this.parts.length * partOverhead;
  }
}
