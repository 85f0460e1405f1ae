// The client: connects and opens streams.
import { connect as connectNet, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket, type ConnectionOptions as TlsConnectionOptions } from "node:tls";
import type { ClientConnection } from "./api/client-connection.ts";
import type { ConnectionOptions } from "./api/options.ts";
import { resolveConfig } from "./config.ts";
import { Http2Connection } from "./connection.ts";
import { ErrorCode, Http2Error } from "./errors.ts";

export interface ConnectOptions extends ConnectionOptions {
  host?: string;
  port?: number;
  /** The path of a Unix domain socket, instead of host and port. */
  path?: string;
  /** Enables TLS. The engine offers ALPN `h2` and fails if the server does not choose it. */
  tls?: TlsConnectionOptions;
  /**
   * The time in milliseconds for the connection, the TLS handshake and the server's SETTINGS.
   * Default: 20,000.
   */
  timeout?: number;
  /** Aborts the attempt: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Connects to a server and resolves once its SETTINGS have arrived. Rejects with an `Http2Error` if
 * the socket fails, the server does not speak HTTP/2, or the timeout expires; with a RangeError if
 * an option is out of range; and with the reason of `signal`.
 */
export async function connect(options: ConnectOptions): Promise<ClientConnection> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientConnection>();
  const { host = "localhost", port, path, tls, timeout = 20_000, signal } = options;
  signal?.throwIfAborted();
  const config = resolveConfig("client", options);
  const address = path === undefined ? { host, port: port ?? (tls === undefined ? 80 : 443) } : { path };
  const socket: Socket =
    tls === undefined ? connectNet({ ...address, noDelay: true }) : connectTls({ ...address, ...tls, ALPNProtocols: ["h2"] });
  let connection: Http2Connection | undefined;

  const fail = (error: unknown): void => {
    settle();
    reject(error);
    socket.on("error", () => {});
    if (connection === undefined) socket.destroy();
    else connection.destroy();
  };
  const onError = (error: Error): void => fail(new Http2Error(ErrorCode.CONNECT_ERROR, error.message, { cause: error }));
  const onEnd = (): void => fail(new Http2Error(ErrorCode.CONNECT_ERROR, "the socket closed before it was connected"));
  const onAbort = (): void => fail(signal?.reason);
  const timer = setTimeout(() => fail(new Http2Error(ErrorCode.CONNECT_ERROR, `no connection within ${timeout} ms`)), timeout);
  const settle = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    socket.off("error", onError);
    socket.off("close", onEnd);
  };

  signal?.addEventListener("abort", onAbort);
  socket.on("error", onError);
  socket.on("close", onEnd);
  socket.once(tls === undefined ? "connect" : "secureConnect", () => {
    if (tls !== undefined && (socket as TLSSocket).alpnProtocol !== "h2") {
      fail(new Http2Error(ErrorCode.CONNECT_ERROR, "the server does not choose the ALPN protocol h2 (RFC 9113, section 3.2)"));
      return;
    }
    const opened = new Http2Connection(socket, config, false);
    connection = opened;
    socket.off("error", onError);
    socket.off("close", onEnd);
    opened.onClose = (end) => fail(new Http2Error(end.code || ErrorCode.CONNECT_ERROR, end.message, { cause: end.cause }));
    opened.onSettings = () => {
      opened.onSettings = undefined;
      opened.onClose = undefined;
      settle();
      resolve(opened);
    };
  });
  return promise;
}

/** Uses a connected byte stream as a client. Requests can be sent immediately. */
export function attachClient(duplex: Duplex, options: ConnectionOptions = {}): ClientConnection {
  return new Http2Connection(duplex, resolveConfig("client", options), false);
}
