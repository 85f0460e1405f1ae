// A connection (RFC 9113, sections 3 to 6).
import type { Limits } from "../limits.ts";
import type { Settings } from "../settings.ts";

/** What a server and a client can set for their connections. */
export interface ConnectionOptions {
  /** Limits that differ from the defaults. */
  limits?: Partial<Limits>;
  /** SETTINGS_INITIAL_WINDOW_SIZE: bytes that the peer may send on a stream before it is credited. Default: 262,144. */
  initialWindowSize?: number;
  /** The window of the connection, bytes. Default: 1 MiB. */
  connectionWindowSize?: number;
  /**
   * The window of a stream that is credited grows with the bandwidth-delay product up to this many bytes, the connection's to twice as many. All streams
   * together grow to a quarter of `limits.maxConnectionBuffer`. 0 turns growth off. Default: 16 MiB.
   */
  maxWindowSize?: number;
  /** Sends PING on a quiet connection. Default: no PING. */
  keepalive?: KeepaliveOptions;
  /**
   * Takes received fields whose values begin or end with white space, and keeps it. RFC 9113, section 8.2.1, calls such a message
   * malformed; peers of gRPC send status messages so. Default: false.
   */
  keepSpaces?: boolean;
  /** Receives what callbacks throw, and errors of connections. Default: ignored. It must not throw. */
  onError?: (error: unknown, connection: Connection) => void;
}

/** Times are milliseconds. */
export interface KeepaliveOptions {
  /** Time without received bytes after which a PING is sent. */
  interval: number;
  /** Time for the answer, or any other bytes; then the connection is destroyed. Default: 20,000. */
  timeout?: number;
  /** Whether PINGs are sent while no stream is open. Default: false. */
  withoutStreams?: boolean;
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** NO_ERROR for an orderly end, else the code that this side or the peer sent, or INTERNAL_ERROR if the socket failed. */
  readonly code: number;
  readonly message: string;
  /** The error of the socket, if it failed. */
  readonly cause?: unknown;
}

/** The peer's GOAWAY. */
export interface Goaway {
  readonly code: number;
  /** Streams above this identifier are not processed; the engine resets them with `unprocessed: true`. */
  readonly lastStreamId: number;
  /** Additional debug data, as latin1 text of at most 1,024 characters. */
  readonly debugData: string;
}

/** One connection, of either role. Its callbacks are properties to set. */
export interface Connection {
  readonly role: "client" | "server";
  /** The byte stream. For addresses and TLS details; do not read from or write to it. */
  readonly socket: import("node:stream").Duplex;
  /** Free for the user. */
  data: unknown;
  /** `open`; `draining` after GOAWAY in either direction (no new streams); `closed`. */
  readonly state: "open" | "draining" | "closed";
  /** The peer's settings: the defaults of RFC 9113 until its first SETTINGS frame arrives (`settingsReceived`). */
  readonly remoteSettings: Readonly<Settings>;
  readonly settingsReceived: boolean;
  /** The number of streams that are open or half closed. */
  readonly openStreams: number;
  /** The end of the connection, once it is closed. */
  readonly closeReason: ConnectionEnd | undefined;

  /** Called once, after every open stream got `onReset`. */
  onClose: ((end: ConnectionEnd) => void) | undefined;
  /** Called for each GOAWAY frame of the peer. */
  onGoaway: ((goaway: Goaway) => void) | undefined;
  /** Called for each SETTINGS frame of the peer (not acknowledgements). */
  onSettings: ((settings: Readonly<Settings>) => void) | undefined;

  /** Sends PING. The callback gets the round-trip time in milliseconds, or undefined if the connection closed first. At most 16 may be outstanding. */
  ping(callback: (roundTrip: number | undefined) => void): void;
  /**
   * Ends the connection gracefully: GOAWAY, and the socket closes when the last stream is over.
   * A server sends GOAWAY in two steps (RFC 9113, section 6.8): one with the highest identifier, and a round trip later the last one.
   */
  close(code?: number, debugData?: string): void;
  /** Ends the connection at once: GOAWAY if it can be sent, `onReset` for every stream, then the socket is destroyed. */
  destroy(code?: number, message?: string): void;
}
