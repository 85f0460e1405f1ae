// The PINGs of this side (RFC 9113, section 6.7): for the application, keepalive, the bandwidth
// probe and graceful shutdown.
import type { Http2Connection } from "./connection.ts";
import { endProbe } from "./flow-control.ts";

interface OutstandingPing {
  readonly sequence: number;
  readonly sentAt: number;
  readonly acknowledged: (roundTrip: number | undefined) => void;
}

/** The first half of each payload. The second half is a sequence number. */
const mark = 0x68326e67;
const maxUserPings = 16;

export class Pings {
  readonly #connection: Http2Connection;
  #sequence = 0;
  #outstanding: OutstandingPing[] = [];
  #userPings = 0;

  constructor(connection: Http2Connection) {
    this.#connection = connection;
  }

  /**
   * Sends PING. The callback gets the round-trip time in milliseconds, or `undefined` if the
   * connection closes first.
   */
  send(acknowledged: (roundTrip: number | undefined) => void): void {
    this.#sequence = (this.#sequence + 1) | 0;
    this.#outstanding.push({ sequence: this.#sequence, sentAt: performance.now(), acknowledged });
    this.#connection.output.ping(mark, this.#sequence);
    this.#connection.schedule();
  }

  sendForUser(callback: (roundTrip: number | undefined) => void): boolean {
    if (this.#userPings >= maxUserPings) return false;
    this.#userPings++;
    this.send((roundTrip) => {
      this.#userPings--;
      callback(roundTrip);
    });
    return true;
  }

  sendProbe(): void {
    this.send((roundTrip) => {
      if (roundTrip !== undefined) endProbe(this.#connection, roundTrip);
    });
  }

  /** Handles an acknowledgement. Returns `false` if it matches no PING. */
  acknowledge(payload: Buffer, start: number): boolean {
    if (payload.readInt32BE(start) !== mark) return false;
    const sequence = payload.readInt32BE(start + 4);
    const index = this.#outstanding.findIndex((ping) => ping.sequence === sequence);
    const ping = this.#outstanding[index];
    if (ping === undefined) return false;
    this.#outstanding.splice(index, 1);
    ping.acknowledged(performance.now() - ping.sentAt);
    return true;
  }

  fail(): void {
    const outstanding = this.#outstanding;
    this.#outstanding = [];
    for (const ping of outstanding) ping.acknowledged(undefined);
  }
}
