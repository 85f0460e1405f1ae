// Graceful shutdown of a connection: GOAWAY of both sides, and the streams that may finish (RFC
// 9113, section 6.8).
import type { Goaway } from "./api/connection.ts";
import type { Http2Connection } from "./connection.ts";
import { ErrorCode, errorCodeName } from "./errors.ts";
import { maxInt31 } from "./frame/types.ts";

/**
 * The time in milliseconds that a server waits for the answer to the PING between its two GOAWAY
 * frames.
 */
const roundTripTime = 1000;

export class Shutdown {
  readonly #connection: Http2Connection;
  /** No new streams are opened. */
  draining = false;
  /** The last stream that this side processes. Higher ones are ignored. */
  lastAccepted = maxInt31;
  #lastProcessedByPeer = maxInt31;
  /** `true` once `close` was called. */
  #closing = false;
  /** `true` once the last GOAWAY of this side was sent. */
  #final = false;
  /** `true` once the peer has sent GOAWAY. */
  #peerDraining = false;
  #peerCode: number = ErrorCode.NO_ERROR;
  #code: number = ErrorCode.NO_ERROR;
  #debugData = "";

  constructor(connection: Http2Connection) {
    this.#connection = connection;
  }

  /** A suffix for messages that names the code of the peer's GOAWAY. */
  get afterGoaway(): string {
    return this.#peerCode === ErrorCode.NO_ERROR ? "" : ` after GOAWAY (${errorCodeName(this.#peerCode)})`;
  }

  /** The last stream for GOAWAY. It must not increase from one GOAWAY to the next. */
  get lastProcessed(): number {
    return Math.min(this.lastAccepted, this.#connection.lastPeerStream);
  }

  get peerCode(): number {
    return this.#peerCode;
  }

  start(code: number, debugData: string): void {
    const connection = this.#connection;
    if (connection.closeReason !== undefined || this.#closing) return;
    this.#closing = true;
    this.draining = true;
    this.#code = code;
    this.#debugData = debugData;
    if (!connection.isServer || !connection.settingsReceived) {
      this.finalGoaway();
      return;
    }
    // Requests that are in transit still count. The last stream is known after a round trip.
    connection.output.goaway(maxInt31, ErrorCode.NO_ERROR, debugData);
    connection.pings.send(() => this.finalGoaway());
    connection.deadlines.goaway = Math.trunc(performance.now()) + roundTripTime;
    connection.deadlines.arm(connection.deadlines.goaway);
  }

  finalGoaway(): void {
    const connection = this.#connection;
    connection.deadlines.goaway = 0;
    if (this.#final || connection.closeReason !== undefined) return;
    this.#final = true;
    this.lastAccepted = connection.lastPeerStream;
    connection.output.goaway(this.lastAccepted, this.#code, this.#debugData);
    connection.schedule();
    if (connection.streams.size === 0) process.nextTick(endIfQuiet, this);
  }

  received(goaway: Goaway): void {
    const connection = this.#connection;
    this.draining = true;
    this.#peerDraining = true;
    this.#peerCode = goaway.code;
    if (!this.#closing) {
      this.#code = goaway.code;
      this.#debugData = goaway.debugData;
    }
    // A later GOAWAY can only lower the last stream.
    const last = Math.min(goaway.lastStreamId, this.#lastProcessedByPeer);
    this.#lastProcessedByPeer = last;
    if (!connection.isServer) {
      for (const stream of connection.streams.all()) {
        if (stream.id <= last) continue;
        const message = `the server's GOAWAY (${errorCodeName(goaway.code)}) excludes the stream`;
        connection.endStream(stream, { code: ErrorCode.REFUSED_STREAM, message, source: "connection", unprocessed: true });
      }
    }
    connection.call(() => connection.onGoaway?.(goaway));
    if (connection.streams.size === 0) process.nextTick(endIfQuiet, this);
  }

  /**
   * Called when the last stream ends. Before its final GOAWAY a server still accepts streams,
   * unless the client is draining.
   */
  streamsOver(): void {
    if (this.#final || this.#peerDraining || !this.#connection.isServer) process.nextTick(endIfQuiet, this);
  }

  endIfQuiet(): void {
    const connection = this.#connection;
    if (connection.closeReason !== undefined || connection.streams.size > 0) return;
    if (!this.#final) {
      this.#final = true;
      connection.output.goaway(connection.lastPeerStream, ErrorCode.NO_ERROR, "");
    }
    const message = this.#debugData || `the connection was closed${this.afterGoaway}`;
    connection.end({ code: this.#code || this.#peerCode, message });
  }
}

function endIfQuiet(shutdown: Shutdown): void {
  shutdown.endIfQuiet();
}
