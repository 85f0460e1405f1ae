// The HTTP server below Fastify: HTTP/1.1 and HTTP/2 on one port. ALPN selects the version with
// TLS, the client's first bytes without.
import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import * as http2 from "node:http2";
import type { Socket } from "node:net";
import { holdContinue } from "../http/expect-continue.ts";
import { Connections } from "./connections.ts";
import { guardSession } from "./http2-session.ts";

/**
 * The files of a TLS server, in PEM format. They are checked for changes every ten seconds; new
 * connections use the new certificate.
 */
export interface GatewayTls {
  /** The certificate chain. */
  readonly cert: string;
  /** The private key. */
  readonly key: string;
  /** The certificate authorities for client certificates, which are required then (mutual TLS). */
  readonly clientCa?: string | undefined;
  /** Called if changed files are invalid. The current certificate stays in use. */
  readonly onReloadError?: (error: Error) => void;
}

/** Limits on connections. */
export interface ConnectionLimits {
  /** Maximum size of the request line and the headers, in bytes. Default: 16 KiB, as in Node. */
  readonly maxHeaderBytes?: number | undefined;
  /** Maximum number of connections. Further ones are closed. Default: 10,000. */
  readonly maxConnections?: number | undefined;
  /** Maximum number of concurrent streams on an HTTP/2 connection. Default: 100. */
  readonly maxConcurrentStreams?: number | undefined;
  /** Time limit for the request headers, in milliseconds. Default: 10,000. */
  readonly headersTimeoutMs?: number | undefined;
  /** Milliseconds after which an idle connection is closed. Default: 72,000, as in Fastify. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /**
   * Maximum number of concurrent requests on an HTTP/1.1 connection, which is paused at the limit.
   * Default: 16.
   */
  readonly maxPipelined?: number | undefined;
}

export interface HttpServer {
  readonly server: Server;
  readonly connections: Connections;
  /** Sends GOAWAY on HTTP/2 connections, which close after their current streams. */
  closeSessions(): void;
}

const reloadMs = 10_000;
/** The HTTP/2 connection preface (RFC 9113, section 3.4). It is not a valid HTTP/1.1 request. */
const preface = Buffer.from("PRI * HTTP/2.0");

export function createHttpServer(handler: RequestListener, tls: GatewayTls | undefined, limits: ConnectionLimits): HttpServer {
  const { maxHeaderBytes = 16 * 1024, maxConnections = 10_000, maxConcurrentStreams = 100, maxPipelined = 16 } = limits;
  const { headersTimeoutMs = 10_000, keepAliveTimeoutMs = 72_000 } = limits;
  const http1Options = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    requestTimeout: 0,
    // Node's default interval of 30 s would turn a timeout of 10 s into up to 40 s.
    connectionsCheckingInterval: Math.min(headersTimeoutMs / 4, 1_000),
  };
  const http2Options: http2.ServerOptions = {
    settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderBytes },
    maxSessionMemory: 10,
  };
  const connections = new Connections({ maxPipelined, stalledMs: keepAliveTimeoutMs });
  const limited = connections.limit(handler);
  const expecting: RequestListener = (request, response) => {
    holdContinue(request, response);
    limited(request, response);
  };
  const sessions = new Set<http2.ServerHttp2Session>();
  const trackSession = (session: http2.ServerHttp2Session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    guardSession(session, { headersTimeoutMs, keepAliveTimeoutMs });
  };
  const closeSessions = () => {
    for (const session of sessions) session.close();
  };

  if (tls !== undefined) {
    const secure = http2.createSecureServer({ ...http2Options, ...http1Options, ...read(tls), allowHTTP1: true });
    secure.on("request", asHttp2(limited)).on("checkContinue", asHttp2(expecting));
    secure.on("session", trackSession).on("sessionError", () => {});
    // Tracks the TCP socket, for the handshake. `limit` tracks the TLS socket, which HTTP/1.1
    // requests use.
    secure.on("connection", (socket) => connections.add(socket));
    secure.maxConnections = maxConnections;
    keepUpToDate(secure, tls);
    // Has all members of an HTTP/1.1 server that Fastify uses, but a different type.
    return { server: secure as unknown as Server, connections, closeSessions };
  }

  const server = createServer(http1Options, limited).on("checkContinue", expecting);
  server.maxConnections = maxConnections;
  const plain = http2.createServer(http2Options, asHttp2(limited)).on("checkContinue", asHttp2(expecting));
  plain.on("session", trackSession).on("sessionError", () => {});
  const asHttp1 = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection").on("connection", (socket: Socket) => {
    connections.add(socket);
    const waiting = setTimeout(() => socket.destroy(), headersTimeoutMs);
    const destroy = () => socket.destroy();
    // Sockets of Node's HTTP/1.1 server allow half-open connections. Only its HTTP/1.1 handling
    // closes them.
    socket
      .on("error", destroy)
      .on("end", destroy)
      .on("close", () => clearTimeout(waiting));
    let first: Buffer = Buffer.alloc(0);
    const decide = (chunk: Buffer) => {
      first = Buffer.concat([first, chunk]);
      const isHttp2 = first.equals(preface.subarray(0, first.length)) || first.subarray(0, preface.length).equals(preface);
      // The names of HTTP/1.1 methods may also start with `P` or `PR`.
      if (isHttp2 && first.length < 3) return;
      clearTimeout(waiting);
      socket.off("data", decide).pause();
      socket.unshift(first);
      if (isHttp2) plain.emit("connection", socket);
      else {
        socket.off("error", destroy).off("end", destroy);
        for (const listener of asHttp1) listener.call(server, socket);
        socket.resume();
      }
    };
    socket.on("data", decide);
  });
  return { server, connections, closeSessions };
}

/** Node's HTTP/2 compatibility API has all members that handlers use, but different types. */
function asHttp2(handler: RequestListener) {
  return handler as unknown as (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void;
}

function read({ cert, key, clientCa }: GatewayTls) {
  return {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...(clientCa === undefined ? {} : { ca: readFileSync(clientCa), requestCert: true, rejectUnauthorized: true }),
  };
}

function keepUpToDate(server: http2.Http2SecureServer, tls: GatewayTls): void {
  const files = [tls.cert, tls.key, ...(tls.clientCa === undefined ? [] : [tls.clientCa])];
  const reload = () => {
    try {
      server.setSecureContext(read(tls));
    } catch (error) {
      tls.onReloadError?.(error as Error);
    }
  };
  for (const file of files) watchFile(file, { interval: reloadMs, persistent: false }, reload);
  server.on("close", () => {
    for (const file of files) unwatchFile(file, reload);
  });
}
