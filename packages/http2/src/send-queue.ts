import type { HeaderList } from "./headers/header-list.ts";

/** What a part costs beside its octets. */
const partOverhead = 64;

/** What waits for flow control or the socket. Streams that never wait have none. */
export class SendQueue {
  readonly parts: Uint8Array[] = [];
  /** Octets of the first part that have left. */
  offset = 0;
  /** Octets that wait. */
  size = 0;
  end = false;
  trailers: HeaderList | null = null;

  /** Octets and overhead. */
  get cost(): number {
    return this.size + this.parts.length * partOverhead;
  }
}
