// The options of a connection.
import type { Limits } from "../limits.ts";
import type { Connection } from "./connection.ts";

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
