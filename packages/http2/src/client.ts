// A client: connects, and opens streams.
import type { Duplex } from "node:stream";
import type { ConnectionOptions as TlsConnectionOptions } from "node:tls";
import type { ClientConnection, ConnectionOptions } from "./connection.ts";

export interface ConnectOptions extends ConnectionOptions {
  host?: string;
  port?: number;
  /** A Unix domain socket, instead of host and port. */
  path?: string;
  /** Turns TLS on. The engine offers ALPN `h2` and fails if the server does not choose it. */
  tls?: TlsConnectionOptions;
  /** Time for the connection, the TLS handshake and the server's SETTINGS, milliseconds. Default: 20,000. */
  timeout?: number;
  /** Gives the attempt up: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Connects. Resolves when the server's SETTINGS have arrived. */
export function connect(_options: ConnectOptions): Promise<ClientConnection> {
  throw new Error("connect is under construction");
}

/** Speaks HTTP/2 as a client over a byte stream that is connected. Requests can be sent at once. */
export function attachClient(_duplex: Duplex, _options: ConnectionOptions = {}): ClientConnection {
  throw new Error("attachClient is under construction");
}
