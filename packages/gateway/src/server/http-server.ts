// The HTTP server below Fastify: HTTP/1.1 and HTTP/2 on one port, with TLS (by ALPN) and without (by the client's first bytes).
import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import * as http2 from "node:http2";
import type { Socket } from "node:net";
import { holdContinue } from "../http/expect-continue.ts";
import { Connections } from "./connections.ts";
import { guardSession } from "./http2-session.ts";

/** PEM files. Looked at every ten seconds: a renewed certificate is for new connections. */
export interface GatewayTls {
  readonly cert: string;
  readonly key: string;
  /** Mutual TLS: a client must have a certificate that one of these authorities signed. */
  readonly clientCa?: string | undefined;
  /** Told of files that cannot be used; the certificate in use stays. */
  readonly onReloadError?: (error: Error) => void;
}

/** What a connection may cost. */
export interface ConnectionLimits {
  /** Bytes of a request's line and headers. Default 16 KiB, as in Node. */
  readonly maxHeaderBytes?: number | undefined;
  /** Connections at a time; further ones are closed. Default 10,000. */
  readonly maxConnections?: number | undefined;
  /** Streams at a time in one HTTP/2 connection. Default 100. */
  readonly maxConcurrentStreams?: number | undefined;
  /** Milliseconds in which headers must have come. Default 10,000. */
  readonly headersTimeoutMs?: number | undefined;
  /** Milliseconds after which a connection without requests is closed. Default 72,000, as in Fastify. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** Requests of one HTTP/1.1 connection that run at a time; it is not read while there are more. Default 16. */
  readonly maxPipelined?: number | undefined;
}

export interface HttpServer {
  readonly server: Server;
  readonly connections: Connections;
  /** Asks HTTP/2 connections to end after the streams they have. */
  closeSessions(): void;
}

const reloadMs = 10_000;
/** How an HTTP/2 connection begins (RFC 9113, section 3.4): no request of HTTP/1.1 does. */
const preface = Buffer.from("PRI * HTTP/2.0");

export function createHttpServer(handler: RequestListener, tls: GatewayTls | undefined, limits: ConnectionLimits): HttpServer {
  const { maxHeaderBytes = 16 * 1024, maxConnections = 10_000, maxConcurrentStreams = 100, maxPipelined = 16 } = limits;
  const { headersTimeoutMs = 10_000, keepAliveTimeoutMs = 72_000 } = limits;
  const http1Options = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    requestTimeout: 0,
    // Node looks every half a minute, and 10 s become 40.
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
    // Before the handshake; and after it, for requests of HTTP/1.1 are of that socket.
    secure.on("connection", (socket) => connections.add(socket));
    secure.maxConnections = maxConnections;
    keepUpToDate(secure, tls);
    // Node's class of it has all that Fastify uses of an HTTP/1.1 server, and no type that says so.
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
    // Sockets of an HTTP/1.1 server stay half open when the peer ends, and HTTP/1.1 alone closes them.
    socket
      .on("error", destroy)
      .on("end", destroy)
      .on("close", () => clearTimeout(waiting));
    let first: Buffer = Buffer.alloc(0);
    const decide = (chunk: Buffer) => {
      first = Buffer.concat([first, chunk]);
      const isHttp2 = first.equals(preface.subarray(0, first.length)) || first.subarray(0, preface.length).equals(preface);
      // The methods of HTTP/1.1 begin with `P` and `PR`, too.
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

/** Node's requests and responses of HTTP/2 have all that is used of those of HTTP/1.1, and no type that says so. */
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
