// Bytes of requests that have come, and that no handler has taken: incomplete messages, complete ones whose half-close is missing, and those of
// streams that wait to be read. A peer decides how much of it there is, so each connection has a limit, and the process has one.
import type { ServerLimits } from "../../../limits/limits.ts";
import { type Linked, LinkedSet } from "../../../linked-set.ts";

/** A call that has such bytes. */
export interface PendingCall {
  readonly pendingBytes: number;
  /** Ends the call with RESOURCE_EXHAUSTED. */
  exhaust(message: string): void;
}

type Limits = Pick<ServerLimits, "maxPendingBytes" | "maxPendingBytesPerConnection">;

/** The connections of all servers in this process that have such bytes. */
const connections = new LinkedSet<PendingBytes>();
let total = 0;

/** What the calls of one connection have pending. */
export class PendingBytes implements Linked<PendingBytes> {
  readonly #limits: Limits;
  readonly #calls: Iterable<PendingCall>;
  #bytes = 0;
  previous: PendingBytes | undefined = undefined;
  next: PendingBytes | undefined = undefined;

  /** @param calls those that may have bytes pending. */
  constructor(limits: Limits, calls: Iterable<PendingCall>) {
    this.#limits = limits;
    this.#calls = calls;
  }

  /** A call has so many bytes more, or fewer. Ends calls that are over a limit. */
  add(bytes: number, call: PendingCall): void {
    if (this.#bytes === 0 && bytes > 0) connections.add(this);
    this.#bytes += bytes;
    total += bytes;
    if (this.#bytes === 0) connections.delete(this);
    if (bytes <= 0) return;
    const { maxPendingBytes, maxPendingBytesPerConnection } = this.#limits;
    if (this.#bytes > maxPendingBytesPerConnection)
      call.exhaust(`requests of this connection have more than ${maxPendingBytesPerConnection} bytes pending`);
    // The connection that has most pays for it: a few that hold all there is must not shut out the others.
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
