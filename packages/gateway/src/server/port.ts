// One listening address for HTTP/1.1 and HTTP/2. ALPN selects the version with TLS, the client's first
// bytes without.
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { bindServer, type Certificates, type ListenAddress, type Listening } from "@grpc-study/rpc/transport";
import type { ErrorWriter } from "../http/errors.ts";
import type { Connections } from "./connections.ts";
import { type AllLimits, http1Options } from "./limits.ts";
import { rejectUnparsed } from "./parser-errors.ts";
import { detectHttp2 } from "./preface.ts";

/**
 * A listener for the event `upgrade`. `this` is its server: emitting `connection` or
 * `secureConnection` on it gives a socket back.
 */
export type UpgradeListener = (this: unknown, request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** What all ports of a server share. */
export interface PortInit {
  readonly onRequest: RequestListener;
  /** For a request whose client waits for 100 (Continue). */
  readonly onContinue: RequestListener;
  readonly onUpgrade: UpgradeListener | undefined;
  /** Serves an HTTP/2 connection. */
  readonly onHttp2: (socket: Duplex, peer: string | undefined) => void;
  readonly errors: ErrorWriter;
  readonly connections: Connections;
  readonly limits: AllLimits;
  readonly certificates: Certificates | undefined;
  /** Whether a client may present no certificate. */
  readonly certificatesOptional: boolean;
}

export class Port {
  readonly #init: PortInit;
  readonly #path: string | undefined;
  readonly #server: Server | SecureServer;
  /** Node's listeners that serve HTTP/1.1 on a connection. */
  readonly #http1: ((socket: Socket) => void)[];
  readonly #unwatch: (() => void) | undefined;

  /** @param path of a Unix domain socket. */
  constructor(init: PortInit, path: string | undefined) {
    this.#init = init;
    this.#path = path;
    const { certificates, connections, errors, limits } = init;
    const server = certificates === undefined ? createServer(http1Options(limits)) : secureServer(init, certificates);
    this.#server = server;
    server.maxConnections = limits.maxConnections;
    server.on("request", init.onRequest).on("checkContinue", init.onContinue);
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => rejectUnparsed(error, socket, errors));
    if (init.onUpgrade !== undefined) server.on("upgrade", init.onUpgrade);
    const event = certificates === undefined ? "connection" : "secureConnection";
    this.#http1 = server.listeners(event) as ((socket: Socket) => void)[];
    server.removeAllListeners(event);
    if (certificates === undefined) server.on(event, (socket: Socket) => this.#accept(socket));
    else {
      const secure = server as SecureServer;
      secure.on(event, (socket: TLSSocket) => this.#acceptSecure(socket));
      // For the time of the handshake.
      secure.on("connection", (socket: Socket) => connections.add(socket));
      this.#unwatch = certificates.onChange(() => secure.setSecureContext(certificates.current()));
    }
  }

  /** The bound address, or null. */
  get address(): ReturnType<Server["address"]> {
    return this.#server.address();
  }

  /** Rejects with the system's error. */
  async listen(address: ListenAddress): Promise<Listening> {
    const port = await bindServer(this.#server, address);
    return { port, close: () => this.close() };
  }

  /** Stops listening. Connections stay open, except idle ones of HTTP/1.1. */
  async close(): Promise<void> {
    this.#unwatch?.();
    // The address is free at once. The callback of `close` would wait for all connections.
    if (this.#server.listening) this.#server.close();
  }

  #accept(socket: Socket): void {
    const { connections, limits } = this.#init;
    connections.add(socket);
    detectHttp2(socket, limits.headersTimeoutMs, (isHttp2) => {
      if (isHttp2) this.#serveHttp2(socket);
      else this.#serveHttp1(socket);
    });
  }

  #acceptSecure(socket: TLSSocket): void {
    const { certificatesOptional, connections } = this.#init;
    connections.add(socket);
    // With `optional`, a certificate may be missing, but a present one must be valid.
    if (certificatesOptional && !socket.authorized && socket.getPeerX509Certificate() !== undefined) socket.destroy();
    else if (socket.alpnProtocol === "h2") this.#serveHttp2(socket);
    else this.#serveHttp1(socket);
  }

  #serveHttp1(socket: Socket): void {
    for (const serve of this.#http1) serve.call(this.#server, socket);
    socket.resume();
  }

  #serveHttp2(socket: Socket): void {
    this.#init.onHttp2(socket, this.#path === undefined ? undefined : `unix:${this.#path}`);
  }
}

function secureServer({ certificatesOptional, limits }: PortInit, certificates: Certificates): SecureServer {
  const contents = certificates.current();
  return createSecureServer({
    ...http1Options(limits),
    ...contents,
    ALPNProtocols: ["h2", "http/1.1"],
    handshakeTimeout: limits.headersTimeoutMs,
    requestCert: contents.ca !== undefined,
    rejectUnauthorized: !certificatesOptional,
  });
}
