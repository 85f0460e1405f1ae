// Listening sockets: TCP or a Unix domain socket, with or without TLS. Renewed certificates are
// applied.
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { ServerLimits } from "../../../limits/limits.ts";
import type { Certificates } from "../../../security/certificates.ts";
import type { ServerTls } from "../../../security/tls.ts";
import type { ListenAddress } from "../../server.ts";
import { bindServer } from "./bind-server.ts";

/** Accepts a connection, after its TLS handshake if there is one. */
type Accept = (socket: Socket | TLSSocket) => void;

export interface ListenerTls {
  readonly options: ServerTls;
  readonly certificates: Certificates;
}

export class Listener {
  readonly #server: Server;
  /** Connections during the TLS handshake, by the address of the peer. */
  readonly #handshaking = new Map<string, Socket>();
  readonly #unwatch: (() => void) | undefined;

  constructor(limits: ServerLimits, tls: ListenerTls | undefined, accept: Accept) {
    if (tls === undefined) this.#server = createServer({ noDelay: true }, accept);
    else {
      const { certificates, options } = tls;
      const server = createTlsServer({
        ...certificates.current(),
        noDelay: true,
        ALPNProtocols: ["h2"],
        handshakeTimeout: Math.min(limits.handshakeTimeoutMs, 2 ** 31 - 1),
        requestCert: options.clientCa !== undefined,
        rejectUnauthorized: options.clientCertificates !== "optional",
      });
      server.on("secureConnection", (socket) => {
        this.#handshaking.delete(addressOf(socket));
        // RFC 9113, section 3.2. A certificate may be missing, but a present one must be valid.
        const wrong = options.clientCa !== undefined && !socket.authorized && socket.getPeerX509Certificate() !== undefined;
        if (socket.alpnProtocol !== "h2" || wrong) socket.destroy();
        else accept(socket);
      });
      // A failed handshake ends only its own connection.
      server.on("tlsClientError", () => {});
      server.on("connection", (socket: Socket) => {
        if (socket.remotePort === undefined) return;
        const address = addressOf(socket);
        this.#handshaking.set(address, socket);
        socket.once("close", () => {
          if (this.#handshaking.get(address) === socket) this.#handshaking.delete(address);
        });
      });
      this.#unwatch = certificates.onChange(() => server.setSecureContext(certificates.current()));
      this.#server = server;
    }
    if (Number.isFinite(limits.maxConnections)) this.#server.maxConnections = limits.maxConnections;
  }

  /**
   * Resolves with the port, which is 0 for a Unix domain socket. Rejects with the system's error.
   */
  listen(address: ListenAddress): Promise<number> {
    return bindServer(this.#server, address);
  }

  /**
   * Stops listening, and closes connections during their handshake. Resolves once the address is
   * free.
   */
  close(): Promise<void> {
    this.#unwatch?.();
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const socket of this.#handshaking.values()) socket.destroy();
    if (!this.#server.listening) resolve();
    // Does not use the callback of `close`, which waits for connections. The address is free at
    // once, and a Unix domain socket is removed.
    else {
      this.#server.close();
      setImmediate(resolve);
    }
    return promise;
  }
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
