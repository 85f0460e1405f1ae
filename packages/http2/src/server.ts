// A server: listeners, and the connections that they accept.
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import type { Connection, ConnectionOptions } from "./connection.ts";
import type { HeaderList } from "./header-list-contract.ts";
import type { Stream } from "./stream.ts";
import type { StreamHandler } from "./stream-handler.ts";

export interface ServerOptions extends ConnectionOptions {
  /** Called for each request; returns the handler of its stream. `endStream`: the request has no body. */
  onStream: (stream: Stream, headers: HeaderList, endStream: boolean) => StreamHandler;
  /** Called for each new connection, before its first frame. */
  onConnection?: (connection: Connection) => void;
  /** Turns TLS on. The engine sets ALPN to `h2`. */
  tls?: TlsOptions;
  /** The number of connections at once; further ones are closed at once. Default: 10,000. */
  maxConnections?: number;
}

/** Where to listen. `port: 0` takes a free port. `path` is a Unix domain socket. */
export interface ListenOptions {
  host?: string;
  port?: number;
  path?: string;
  backlog?: number;
}

export interface Server {
  readonly connections: ReadonlySet<Connection>;
  /** Listens. It can be called several times, for several addresses. Resolves with the bound address; rejects if the address is taken. */
  listen(options: ListenOptions): Promise<{ host: string; port: number }>;
  /** Serves a byte stream that was accepted elsewhere: a socket, a TLS socket, or one end of an in-memory pair. */
  attach(duplex: Duplex): Connection;
  /** Stops listening and closes every connection gracefully. Resolves when all are closed. With `timeout` (milliseconds) it destroys what is left then. */
  close(timeout?: number): Promise<void>;
  /** Stops listening and destroys every connection. */
  destroy(): void;
}

export function createServer(_options: ServerOptions): Server {
  throw new Error("createServer is under construction");
}
