// The graceful end of a connection: GOAWAY of either side, and the streams that it lets finish (RFC 9113, section 6.8).
import type { Goaway } from "./api/connection.ts";
import type { Http2Connection } from "./connection.ts";
import { ErrorCode, errorCodeName } from "./errors.ts";
import { maxInt31 } from "./frame/types.ts";

/** How long a server waits for the answer to the PING between its two GOAWAY frames. Milliseconds. */
const roundTripTime = 1000;

export class Shutdown {
  readonly #connection: Http2Connection;
  /** No new streams are opened. */
  draining = false;
  /** The last stream that this side processes: higher ones are ignored. */
  lastAccepted = maxInt31;
  #lastProcessedByPeer = maxInt31;
  /** `close` was called. */
  #closing = false;
  /** The last GOAWAY of this side was sent. */
  #final = false;
  /** The peer has sent GOAWAY, with this code and text. */
  #peerLeaves = false;
  #peerCode: number = ErrorCode.NO_ERROR;
  #code: number = ErrorCode.NO_ERROR;
  #debugData = "";

  constructor(connection: Http2Connection) {
    this.#connection = connection;
  }

  /** What to say of the peer's GOAWAY, and its code. */
  get afterGoaway(): string {
    return this.#peerCode === ErrorCode.NO_ERROR ? "" : ` after GOAWAY (${errorCodeName(this.#peerCode)})`;
  }

  /** The last stream that GOAWAY names: it must not rise from one to the next. */
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
    // Requests that are on their way still count: the last stream is known a round trip later.
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
    this.#peerLeaves = true;
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

  /** The last stream is over. Before its last GOAWAY a server still accepts streams, unless the client is about to leave. */
  streamsOver(): void {
    if (this.#final || this.#peerLeaves || !this.#connection.isServer) process.nextTick(endIfQuiet, this);
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
