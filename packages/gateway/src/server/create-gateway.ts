// A gateway on a server of its own: the plugin, and what one puts around it in production.
import {
  type IncomingMessage,
  METHODS,
  type OutgoingHttpHeaders,
  type RequestListener,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Socket } from "node:net";
import cors from "@fastify/cors";
import { Code, RpcError } from "@grpc-study/rpc";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from "fastify";
import { quote } from "../fields/invalid-field.ts";
import { abortMs, defaultGraceMs, gateway, servedBindings, sweepMs } from "../gateway.ts";
import { clientLeft } from "../http/client-left.ts";
import { ErrorWriter, fromFastify, HttpError, httpHeaders } from "../http/errors.ts";
import { requestIdOf } from "../http/headers.ts";
import { sendJson } from "../http/send-json.ts";
import { httpStatus } from "../http/status.ts";
import type { Binding } from "../http-rule/rule.ts";
import type { GatewayOptions } from "../options.ts";
import { ownPathsOf, serverPaths } from "../own-paths.ts";
import { openUpstreams } from "../upstreams.ts";
import { serveHealth } from "./health.ts";
import { checkHost, checkSite, hostsOfListener } from "./hosts.ts";
import { type ConnectionLimits, createHttpServer, type GatewayTls, type HttpServer } from "./http-server.ts";
import { securityHeaders } from "./security-headers.ts";

export interface GatewayServerOptions extends GatewayOptions {
  /** Default: plaintext, HTTP/1.1 and HTTP/2. */
  readonly tls?: GatewayTls | undefined;
  /** Origins whose pages may read the answers, and open WebSockets; `*` for all. Default: none. */
  readonly cors?: readonly string[] | undefined;
  readonly limits?: ConnectionLimits | undefined;
  /**
   * Proxies whose `X-Forwarded-For`, `-Host` and `-Proto` count: addresses and subnets in CIDR notation, or `true` for whoever connects. Default: none,
   * and the metadata `x-forwarded-*` tells of the connection alone.
   */
  readonly trustProxy?: boolean | string | readonly string[] | undefined;
  /**
   * Host names that requests may be for, each with its port or for all ports; `*` for all. Others are answered with 421. Default: on loopback `localhost`,
   * `127.0.0.1`, `[::1]` and the address that is listened on, since pages of other sites reach a loopback address by names of their own (DNS rebinding);
   * elsewhere all.
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Gets a line a request: HTTP's method, path and status, the gRPC status, the time it took. Default: nothing is logged. */
  readonly logger?: FastifyBaseLogger | undefined;
}

/**
 * Makes a Fastify server with the gateway, `/healthz`, security headers and limits. `close()` ends it: requests that run may finish, for
 * `graceMs`.
 *
 * @example
 * const app = await createGateway({ services: [ProdService], upstream: "localhost:8083" });
 * await app.listen({ host: "localhost", port: 9468 });
 */
export async function createGateway(options: GatewayServerOptions): Promise<FastifyInstance> {
  const { tls, limits = {}, logger, cors: origins = [] } = options;
  const paths = serverPaths(options.paths);
  const bindings = servedBindings({ ...options, paths });
  const upstreams = openUpstreams(options);
  const errors = new ErrorWriter(options.registry);
  const security = securityHeaders({ secure: tls !== undefined, shared: origins.length > 0 });
  const made: HttpServer[] = [];
  const app = Fastify({
    serverFactory(fastify) {
      const handler: RequestListener = (request, response) => {
        if (methods.has(request.method ?? "")) fastify(request, response);
        else refuseMethod(request, response, errors, security);
      };
      // One more for each further address of `localhost`.
      const one = createHttpServer(handler, tls, limits);
      made.push(one);
      return one.server;
    },
    ...(logger ? { loggerInstance: logger } : {}),
    trustProxy: typeof options.trustProxy === "object" ? [...options.trustProxy] : (options.trustProxy ?? false),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    forceCloseConnections: "idle",
    // What is on its way when the server begins to close is served, within the grace.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => {
      refuseConnection(error, socket, errors);
    },
    // What comes before the plugin, such as a path that is not percent-encoded UTF-8.
    frameworkErrors(error, request, reply) {
      endUpgrade(request as FastifyRequest, reply as FastifyReply);
      logEnd(request as FastifyRequest, reply as FastifyReply);
      refuse(request as FastifyRequest, reply.headers(security) as FastifyReply, fromFastify(error));
    },
  });
  const refuse = (request: FastifyRequest, reply: FastifyReply, thrown: unknown): void => {
    const error = RpcError.from(thrown);
    request.grpcCode = error.code;
    const { status, headers, body } = errors.response(error);
    sendJson(reply.code(status).headers(httpHeaders(request, headers)), body);
  };
  const pageOrigins = [...origins, ...(options.allowedOrigins ?? [])];
  let hosts = options.allowedHosts?.map((host) => host.toLowerCase());
  const allowedHosts = () => {
    hosts ??= made.flatMap(({ server }) => hostsOfListener(server.address()));
    return hosts;
  };
  closeWithin(app, made, options.graceMs ?? defaultGraceMs);
  app.addHook("onClose", async () => upstreams.close());
  app.addHook("onRequest", (request, reply, done) => {
    endUpgrade(request, reply);
    if (logger !== undefined) logEnd(request, reply);
    reply.headers(security);
    try {
      checkHost(request, allowedHosts());
      checkSite(request, pageOrigins);
      done();
    } catch (error) {
      refuse(request, reply, error);
    }
  });
  if (origins.length > 0) {
    await app.register(cors, {
      strictPreflight: false,
      origin: origins.includes("*") ? "*" : [...origins],
      methods: methodsOf(bindings),
      // The names of metadata are the upstream's. Requests with credentials take `*` for a name, and see the others.
      exposedHeaders: ["*", "x-request-id", "retry-after", ...(options.responseHeaders ?? [])],
    });
  }
  const [first, ...otherUpstreams] = upstreams.all;
  const { health } = ownPathsOf({ ...options, paths });
  if (health !== undefined) {
    const channels = new Set(upstreams.all.map(({ upstream }) => upstream));
    serveHealth(app, [...channels], health);
  }
  await app.register(gateway, {
    ...options,
    ...first,
    otherUpstreams,
    paths,
    allowedOrigins: pageOrigins,
  });
  return app;
}

/** What a page may ask for: the usual methods, and custom ones of rules. Browsers never send TRACE and CONNECT. */
function methodsOf(bindings: readonly Binding[]): string[] {
  const usual = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];
  const custom = bindings.flatMap(({ verb }) => (verb === "*" ? METHODS.filter((method) => !/^(?:TRACE|CONNECT)$/.test(method)) : verb));
  return [...new Set([...usual, ...custom])];
}

/** Connections that have no request end with the server, others within the grace, whatever is missing of their requests. */
function closeWithin(app: FastifyInstance, servers: readonly HttpServer[], graceMs: number): void {
  let sweep: NodeJS.Timeout | undefined;
  let end: NodeJS.Timeout | undefined;
  app.addHook("preClose", async () => {
    const closeIdle = () => {
      for (const { connections } of servers) connections.closeIdle();
    };
    for (const { closeSessions } of servers) closeSessions();
    closeIdle();
    sweep = setInterval(closeIdle, sweepMs);
    end = setTimeout(() => {
      for (const { connections } of servers) connections.closeAll();
    }, graceMs + abortMs);
  });
  app.addHook("onClose", async () => {
    // Fastify waits for the first one only.
    await Promise.all(servers.map(({ connections }) => connections.drained()));
    clearInterval(sweep);
    clearTimeout(end);
  });
}

/** Those that Node's parser of HTTP/1.1 knows; in HTTP/2 a method is any text. */
const methods = new Set(METHODS);

/** RFC 9110, section 15.6.2: a method that no route can have. Fastify takes that for a fault of its own, and logs all its routes. */
function refuseMethod(request: IncomingMessage, response: ServerResponse, errors: ErrorWriter, security: OutgoingHttpHeaders): void {
  const error = new HttpError(501, Code.UNIMPLEMENTED, `${quote(request.method ?? "")} is no method of HTTP that is known here`);
  const { status, body } = errors.response(error);
  response.writeHead(status, { ...security, "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
}

const parserErrors: { readonly [code: string]: HttpError } = {
  ERR_HTTP_REQUEST_TIMEOUT: new HttpError(408, Code.DEADLINE_EXCEEDED, "the headers did not come in time"),
  HPE_HEADER_OVERFLOW: new HttpError(431, Code.RESOURCE_EXHAUSTED, "the URL and the headers are too long"),
};
const noHttp = new HttpError(400, Code.INVALID_ARGUMENT, "this is no HTTP request");

/** What Node's parser refuses. There is no request yet, and so nothing that writes responses. */
function refuseConnection({ code = "" }: NodeJS.ErrnoException, socket: Socket, errors: ErrorWriter): void {
  if (code !== "ECONNRESET" && socket.writable) {
    const { status, body } = errors.response(parserErrors[code] ?? noHttp);
    const headers = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${body}`);
  }
  socket.destroy();
}

/** Not `onResponse`: Fastify has none for a client that leaves before the end. */
function logEnd(request: FastifyRequest, reply: FastifyReply): void {
  // Of a connection that is gone, nobody knows the peer.
  const peer = request.ip;
  reply.raw.once("close", () => logRequest(request, reply, peer));
}

function logRequest(request: FastifyRequest, reply: FastifyReply, peer: string): void {
  const { raw } = reply;
  // It has a line of its own, at its end.
  if (request.ws && !raw.headersSent) return;
  const { method, grpcCode } = request;
  const path = request.url.split("?", 1)[0];
  const durationMs = Math.round(reply.elapsedTime * 1000) / 1000;
  const code = clientLeft(raw) ? Code.CANCELLED : (grpcCode ?? Code.OK);
  const status = raw.headersSent ? reply.statusCode : httpStatus(code);
  request.log.info({ method, path, status, grpc: Code[code], durationMs, peer }, "request");
}

/** Who asks for an upgrade and gets an answer instead (what is no WebSocket, or not served) has a connection that Node looks after no more. */
function endUpgrade({ raw }: FastifyRequest, reply: FastifyReply): void {
  if ("upgrade" in raw && raw.upgrade === true) reply.raw.once("finish", () => raw.socket.destroySoon());
}
