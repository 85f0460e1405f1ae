// The public API of a connection (RFC 9113, sections 3 to 6).
import type { Limits } from "../limits.ts";
import type { Settings } from "../settings.ts";
import type { Stream } from "./stream.ts";

/** Options for the connections of a server or client. */
export interface ConnectionOptions {
  /** Overrides for the default limits. */
  limits?: Partial<Limits>;
  /**
   * SETTINGS_INITIAL_WINDOW_SIZE: the bytes that the peer may send on a stream before it is
   * credited. Default: 262,144.
   */
  initialWindowSize?: number;
  /** The window of the connection in bytes. Default: 1 MiB. */
  connectionWindowSize?: number;
  /**
   * The maximum window in bytes of a stream that is credited; it grows with the bandwidth-delay
   * product. The connection window grows to twice this size. All streams together grow to a quarter
   * of `limits.maxConnectionBuffer`. 0 disables growth. Default: 16 MiB.
   */
  maxWindowSize?: number;
  /** Sends PING on a quiet connection. Default: disabled. */
  keepalive?: KeepaliveOptions;
  /**
   * Accepts received fields whose values have leading or trailing white space, and keeps it. RFC
   * 9113, section 8.2.1, calls such a message malformed, but gRPC peers send status messages this
   * way. Default: `false`.
   */
  keepSpaces?: boolean;
  /**
   * Receives errors of connections and errors that callbacks throw. It must not throw. Default:
   * errors are ignored.
   */
  onError?: (error: unknown, connection: Connection) => void;
}

/** All times are in milliseconds. */
export interface KeepaliveOptions {
  /** The time without received bytes before a PING is sent. */
  interval: number;
  /**
   * The time to wait for the answer, or any other bytes, before the connection is destroyed.
   * Default: 20,000.
   */
  timeout?: number;
  /** Sends PINGs while no stream is open as well. Default: `false`. */
  withoutStreams?: boolean;
}

/** How a connection ended. */
export interface ConnectionEnd {
  /**
   * NO_ERROR for an orderly end, the code that this side or the peer sent, or INTERNAL_ERROR if the
   * socket failed.
   */
  readonly code: number;
  readonly message: string;
  /** The error of the socket, if it failed. */
  readonly cause?: unknown;
}

/** The peer's GOAWAY. */
export interface Goaway {
  readonly code: number;
  /**
   * The peer does not process streams above this identifier. The engine resets them with
   * `unprocessed: true`.
   */
  readonly lastStreamId: number;
  /** Additional debug data as latin1 text, at most 1,024 characters. */
  readonly debugData: string;
}

/** A connection of either role. Set its callbacks as properties. */
export interface Connection {
  readonly role: "client" | "server";
  /** The byte stream, for addresses and TLS details. Do not read from it or write to it. */
  readonly socket: import("node:stream").Duplex;
  /** Free for use by the application. */
  data: unknown;
  /** `open`, `draining` (after GOAWAY in either direction: no new streams) or `closed`. */
  readonly state: "open" | "draining" | "closed";
  /**
   * The peer's settings. Until its first SETTINGS frame (`settingsReceived`), the defaults of RFC
   * 9113.
   */
  readonly remoteSettings: Readonly<Settings>;
  readonly settingsReceived: boolean;
  /** The number of streams that are open or half closed. */
  readonly openStreams: number;
  /** The streams that are open or half closed at this moment. */
  listStreams(): Stream[];
  /** How the connection ended. `undefined` while it is open. */
  readonly closeReason: ConnectionEnd | undefined;

  /** Called once, after `onReset` of every open stream. */
  onClose: ((end: ConnectionEnd) => void) | undefined;
  /** Called for each GOAWAY frame from the peer. */
  onGoaway: ((goaway: Goaway) => void) | undefined;
  /** Called for each SETTINGS frame from the peer, except acknowledgements. */
  onSettings: ((settings: Readonly<Settings>) => void) | undefined;

  /**
   * Sends PING. The callback gets the round-trip time in milliseconds, or `undefined` if the
   * connection closes first or 16 PINGs are outstanding.
   */
  ping(callback: (roundTrip: number | undefined) => void): void;
  /**
   * Closes the connection gracefully: sends GOAWAY, and closes the socket when the last stream
   * ends. A server sends GOAWAY twice (RFC 9113, section 6.8): with the highest identifier, and a
   * round trip later with the last stream.
   */
  close(code?: number, debugData?: string): void;
  /**
   * Closes the connection immediately: sends GOAWAY if possible, calls `onReset` for every stream,
   * and destroys the socket.
   */
  destroy(code?: number, message?: string): void;
}
