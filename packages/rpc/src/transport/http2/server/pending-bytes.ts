// Counts the pending bytes: bytes of requests that have arrived but have not reached a handler.
// They belong to incomplete messages, to complete messages without their half-close, and to unread
// messages of streams. The peer decides how many there are, so each connection has a limit, and so
// has the process.
import type { ServerLimits } from "../../../limits/limits.ts";
import { type Linked, LinkedSet } from "../../../linked-set.ts";

/** A call with pending bytes. */
export interface PendingCall {
  readonly pendingBytes: number;
  /** Ends the call with RESOURCE_EXHAUSTED. */
  exhaust(message: string): void;
}

type Limits = Pick<ServerLimits, "maxPendingBytes" | "maxPendingBytesPerConnection">;

/** The connections with pending bytes, of all servers in this process. */
const connections = new LinkedSet<PendingBytes>();
let total = 0;

/** The pending bytes of one connection. */
export class PendingBytes implements Linked<PendingBytes> {
  readonly #limits: Limits;
  readonly #calls: Iterable<PendingCall>;
  #bytes = 0;
  previous: PendingBytes | undefined = undefined;
  next: PendingBytes | undefined = undefined;

  /** @param calls the calls that may have pending bytes. */
  constructor(limits: Limits, calls: Iterable<PendingCall>) {
    this.#limits = limits;
    this.#calls = calls;
  }

  /** Adds bytes to a call, or subtracts them. Ends a call if a limit is exceeded. */
  add(bytes: number, call: PendingCall): void {
    if (this.#bytes === 0 && bytes > 0) connections.add(this);
    this.#bytes += bytes;
    total += bytes;
    if (this.#bytes === 0) connections.delete(this);
    if (bytes <= 0) return;
    const { maxPendingBytes, maxPendingBytesPerConnection } = this.#limits;
    if (this.#bytes > maxPendingBytesPerConnection)
      call.exhaust(`requests of this connection have more than ${maxPendingBytesPerConnection} bytes pending`);
    // The connection with the most pending bytes loses a call, so that a few connections cannot
    // block all others.
    else if (total > maxPendingBytes) this.#largestCall(call).exhaust(`requests have more than ${maxPendingBytes} bytes pending`);
  }

  #largestCall(otherwise: PendingCall): PendingCall {
    let largest: PendingBytes = this;
    for (const each of connections) if (each.#bytes > largest.#bytes) largest = each;
    let most = largest === this ? otherwise : undefined;
    for (const call of largest.#calls) if (most === undefined || call.pendingBytes > most.pendingBytes) most = call;
    return most ?? otherwise;
  }
}
