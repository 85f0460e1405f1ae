// Bytes of requests that have come, and that no handler has taken: incomplete messages, complete ones
// whose half-close is missing, and those of streams that wait to be read. A peer decides how much of it
// there is, so each connection has a limit, and the process has one.
import type { ServerLimits } from "./limits.ts";

/** A call that has such bytes. */
export interface PendingCall {
  readonly pending: PendingBytes;
  readonly pendingBytes: number;
  /** Ends the call with RESOURCE_EXHAUSTED. */
  exhaust(details: string): void;
}

type Limits = Pick<ServerLimits, "maxPendingBytes" | "maxPendingBytesPerConnection">;

/** The connections of all servers in this process. */
const connections = new Set<PendingBytes>();
let total = 0;

/** What the calls of one connection have pending. */
export class PendingBytes {
  readonly #limits: Limits;
  readonly #calls: Iterable<PendingCall>;
  #bytes = 0;

  /** @param calls those that may have bytes pending; calls of other connections may be among them. */
  constructor(limits: Limits, calls: Iterable<PendingCall>) {
    this.#limits = limits;
    this.#calls = calls;
    connections.add(this);
  }

  /** The connection is gone. */
  close(): void {
    connections.delete(this);
  }

  /** A call has so many bytes more, or fewer. Ends calls that are over a limit. */
  add(bytes: number, call: PendingCall): void {
    this.#bytes += bytes;
    total += bytes;
    if (bytes <= 0) return;
    const { maxPendingBytes, maxPendingBytesPerConnection } = this.#limits;
    if (this.#bytes > maxPendingBytesPerConnection)
      call.exhaust(`requests of this connection have more than ${maxPendingBytesPerConnection} bytes pending`);
    // The connection that has most pays for it: a few that hold all there is must not shut out the others.
    else if (total > maxPendingBytes) PendingBytes.#largestCall(call).exhaust(`requests have more than ${maxPendingBytes} bytes pending`);
  }

  static #largestCall(otherwise: PendingCall): PendingCall {
    let connection = otherwise.pending;
    for (const each of connections) if (each.#bytes > connection.#bytes) connection = each;
    let most = otherwise;
    for (const call of connection.#calls) {
      if (call.pending === connection && (most.pending !== connection || call.pendingBytes > most.pendingBytes)) most = call;
    }
    return most;
  }
}
