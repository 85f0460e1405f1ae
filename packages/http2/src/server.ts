// The server: listeners and the connections they accept.
import { type AddressInfo, createServer as createNetServer, type Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import type { Connection, Stream, StreamHandler } from "./api/connection.ts";
import type { ConnectionOptions } from "./api/options.ts";
import { type ConnectionConfig, resolveConfig } from "./config.ts";
import { Http2Connection } from "./connection.ts";
import type { HeaderList } from "./headers/header-list.ts";

export interface ServerOptions extends ConnectionOptions {
  /**
   * Called for each request. Returns the handler of its stream. `endStream` is `true` if the
   * request has no body.
   */
  onStream: (stream: Stream, headers: HeaderList, endStream: boolean) => StreamHandler;
  /** Called for each new connection, before its first frame. */
  onConnection?: (connection: Connection) => void;
  /**
   * The response, without a body, to a request whose header list is larger than
   * `limits.maxHeaderListSize`. Default: status 431.
   */
  tooLarge?: HeaderList;
  /** Enables TLS. The engine sets ALPN to `h2`. */
  tls?: TlsOptions;
  /** The maximum number of connections. Further ones are closed immediately. Default: 10,000. */
  maxConnections?: number;
}

/** The address to listen on. `port: 0` selects a free port. `path` is a Unix domain socket. */
export interface ListenOptions {
  host?: string;
  port?: number;
  path?: string;
  backlog?: number;
}

export interface Server {
  readonly connections: ReadonlySet<Connection>;
  /**
   * Listens on an address, and can be called for several addresses. Resolves with the bound
   * address. Rejects if the address is in use.
   */
  listen(options: ListenOptions): Promise<{ host: string; port: number }>;
  /** Serves an accepted byte stream: a socket, a TLS socket, or one end of an in-memory pair. */
  attach(duplex: Duplex): Connection;
  /**
   * Stops listening, closes every connection gracefully, and resolves once all are closed. After
   * `timeout` milliseconds it destroys the remaining ones.
   */
  close(timeout?: number): Promise<void>;
  /** Stops listening and destroys every connection. */
  destroy(): void;
}

/** Creates a server. Throws a RangeError that names an option that is out of range. */
export function createServer(options: ServerOptions): Server {
  return new Http2Server(options);
}

class Http2Server implements Server {
  readonly connections = new Set<Http2Connection>();
  readonly #options: ServerOptions;
  readonly #config: ConnectionConfig;
  readonly #listeners = new Set<NetServer>();
  #closed = false;
  #closeWaiters: (() => void)[] = [];

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#config = resolveConfig("server", options, options.onStream, options.tooLarge);
  }

  listen(options: ListenOptions): Promise<{ host: string; port: number }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ host: string; port: number }>();
    const { tls } = this.#options;
    const listener: NetServer =
      tls === undefined
        ? createNetServer({ noDelay: true }, (socket) => this.#accept(socket))
        : createTlsServer({ noDelay: true, ...tls, ALPNProtocols: ["h2"] }, (socket) => this.#acceptTls(socket));
    listener.maxConnections = this.#options.maxConnections ?? 10_000;
    // A failed handshake only ends its own connection.
    listener.on("tlsClientError", () => {});
    listener.once("error", reject);
    listener.listen(options, () => {
      listener.off("error", reject);
      listener.on("error", () => {});
      const address = listener.address() as AddressInfo | string;
      resolve(typeof address === "string" ? { host: address, port: 0 } : { host: address.address, port: address.port });
    });
    this.#listeners.add(listener);
    return promise;
  }

  #acceptTls(socket: TLSSocket): void {
    // RFC 9113, section 3.2.
    if (socket.alpnProtocol === "h2") this.#accept(socket);
    else socket.destroy();
  }

  #accept(socket: Duplex): void {
    if (this.#closed) socket.destroy();
    else this.attach(socket);
  }

  attach(duplex: Duplex): Connection {
    const connection = new Http2Connection(duplex, this.#config, true);
    this.connections.add(connection);
    connection.onEnd = () => {
      this.connections.delete(connection);
      if (this.connections.size > 0) return;
      for (const resolve of this.#closeWaiters.splice(0)) resolve();
    };
    try {
      this.#options.onConnection?.(connection);
    } catch (error) {
      this.#config.onError?.(error, connection);
    }
    return connection;
  }

  async close(timeout?: number): Promise<void> {
    this.#closed = true;
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
    for (const connection of this.connections) connection.close();
    if (this.connections.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closeWaiters.push(resolve);
    const timer = timeout === undefined ? undefined : setTimeout(() => this.destroy(), timeout);
    await promise;
    clearTimeout(timer);
  }

  destroy(): void {
    this.#closed = true;
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
    for (const connection of [...this.connections]) connection.destroy();
  }
}
