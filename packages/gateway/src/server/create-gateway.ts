// A standalone gateway server: the plugin, with what production needs.
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
import { ErrorWriter, fromFastify, HttpError, httpHeaders } from "../http/errors.ts";
import { requestIdOf } from "../http/headers.ts";
import { isAborted } from "../http/response-state.ts";
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

/** The options of `createGateway`. */
export interface GatewayServerOptions extends GatewayOptions {
  /** TLS for clients. Default: plaintext HTTP/1.1 and HTTP/2. */
  readonly tls?: GatewayTls | undefined;
  /** Origins whose pages may read responses and open WebSockets. `*`: all. Default: none. */
  readonly cors?: readonly string[] | undefined;
  /** Limits on client connections. */
  readonly limits?: ConnectionLimits | undefined;
  /**
   * Proxies whose `X-Forwarded-For`, `-Host` and `-Proto` headers to trust: addresses, subnets in
   * CIDR notation, or `true` for all peers. Default: none; the `x-forwarded-*` metadata describes
   * the connection.
   */
  readonly trustProxy?: boolean | string | readonly string[] | undefined;
  /**
   * Host names to serve, each with its port or for all ports. `*`: all. Other hosts fail with 421.
   * Default: on loopback `localhost`, `127.0.0.1`, `[::1]` and the bound address, because other
   * sites can resolve their own names to a loopback address (DNS rebinding). On other addresses
   * all.
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * Logs one line for each request: HTTP method, path and status, gRPC status, and duration.
   * Default: no log.
   */
  readonly logger?: FastifyBaseLogger | undefined;
}

/**
 * Creates a Fastify server with the gateway, `/healthz`, security headers and limits. `close()`
 * lets requests in flight finish within `graceMs`.
 *
 * Rejects with a `RuleError` if a rule is invalid, or if no method has a rule, and with a TypeError
 * if an option names an invalid header.
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
  const servers: HttpServer[] = [];
  const app = Fastify({
    serverFactory(fastify) {
      const handler: RequestListener = (request, response) => {
        if (methods.has(request.method ?? "")) fastify(request, response);
        else rejectMethod(request, response, errors, security);
      };
      // Fastify calls this once for each address of `localhost`.
      const server = createHttpServer(handler, tls, limits);
      servers.push(server);
      return server.server;
    },
    ...(logger ? { loggerInstance: logger } : {}),
    trustProxy: typeof options.trustProxy === "object" ? [...options.trustProxy] : (options.trustProxy ?? false),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    forceCloseConnections: "idle",
    // Serves requests that arrive while the server closes, within the grace period.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => {
      sendParserError(error, socket, errors);
    },
    // Errors before the plugin runs, such as a path that is not percent-encoded UTF-8.
    frameworkErrors(error, request, reply) {
      endUpgrade(request as FastifyRequest, reply as FastifyReply);
      logEnd(request as FastifyRequest, reply as FastifyReply);
      sendError(request as FastifyRequest, reply.headers(security) as FastifyReply, fromFastify(error));
    },
  });
  const sendError = (request: FastifyRequest, reply: FastifyReply, thrown: unknown): void => {
    const error = RpcError.from(thrown);
    request.grpcCode = error.code;
    const { status, headers, body } = errors.response(error);
    sendJson(reply.code(status).headers(httpHeaders(request, headers)), body);
  };
  const pageOrigins = [...origins, ...(options.allowedOrigins ?? [])];
  let hosts = options.allowedHosts?.map((host) => host.toLowerCase());
  const allowedHosts = () => {
    hosts ??= servers.flatMap(({ server }) => hostsOfListener(server.address()));
    return hosts;
  };
  closeGracefully(app, servers, options.graceMs ?? defaultGraceMs);
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
      sendError(request, reply, error);
    }
  });
  if (origins.length > 0) {
    await app.register(cors, {
      strictPreflight: false,
      origin: origins.includes("*") ? "*" : [...origins],
      methods: methodsOf(bindings),
      // The names of metadata depend on the upstream. For requests with credentials, `*` is a
      // literal name, so the others are listed.
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

/**
 * The HTTP methods for CORS: the usual ones, and custom ones in rules. Browsers never send TRACE
 * and CONNECT.
 */
function methodsOf(bindings: readonly Binding[]): string[] {
  const usual = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];
  const custom = bindings.flatMap(({ verb }) => (verb === "*" ? METHODS.filter((method) => !/^(?:TRACE|CONNECT)$/.test(method)) : verb));
  return [...new Set([...usual, ...custom])];
}

/** Closes idle connections at once, and the others at the end of the grace period. */
function closeGracefully(app: FastifyInstance, servers: readonly HttpServer[], graceMs: number): void {
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
    // Fastify only waits for the first server.
    await Promise.all(servers.map(({ connections }) => connections.drained()));
    clearInterval(sweep);
    clearTimeout(end);
  });
}

/** The methods that Node's HTTP/1.1 parser knows. HTTP/2 allows any text. */
const methods = new Set(METHODS);

/**
 * Responds with 501 to an unknown method (RFC 9110, section 15.6.2). Fastify would report an
 * internal error, and log all its routes.
 */
function rejectMethod(request: IncomingMessage, response: ServerResponse, errors: ErrorWriter, security: OutgoingHttpHeaders): void {
  const error = new HttpError(501, Code.UNIMPLEMENTED, `unknown HTTP method ${quote(request.method ?? "")}`);
  const { status, body } = errors.response(error);
  response.writeHead(status, { ...security, "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
}

const parserErrors: { readonly [code: string]: HttpError } = {
  ERR_HTTP_REQUEST_TIMEOUT: new HttpError(408, Code.DEADLINE_EXCEEDED, "the headers did not arrive in time"),
  HPE_HEADER_OVERFLOW: new HttpError(431, Code.RESOURCE_EXHAUSTED, "the URL and the headers are too large"),
};
const invalidRequest = new HttpError(400, Code.INVALID_ARGUMENT, "malformed HTTP request");

/** Responds to an error of Node's parser. No request exists yet, so it writes to the socket. */
function sendParserError({ code = "" }: NodeJS.ErrnoException, socket: Socket, errors: ErrorWriter): void {
  if (code !== "ECONNRESET" && socket.writable) {
    const { status, body } = errors.response(parserErrors[code] ?? invalidRequest);
    const headers = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${body}`);
  }
  socket.destroy();
}

/** Logs the end of a request. `onResponse` does not run if the client aborts. */
function logEnd(request: FastifyRequest, reply: FastifyReply): void {
  // Read now: the address is unknown once the connection is closed.
  const peer = request.ip;
  reply.raw.once("close", () => logRequest(request, reply, peer));
}

function logRequest(request: FastifyRequest, reply: FastifyReply, peer: string): void {
  const { raw } = reply;
  // A WebSocket is logged when it closes.
  if (request.ws && !raw.headersSent) return;
  const { method, grpcCode } = request;
  const path = request.url.split("?", 1)[0];
  const durationMs = Math.round(reply.elapsedTime * 1000) / 1000;
  const code = isAborted(raw) ? Code.CANCELLED : (grpcCode ?? Code.OK);
  const status = raw.headersSent ? reply.statusCode : httpStatus(code);
  request.log.info({ method, path, status, grpc: Code[code], durationMs, peer }, "request");
}

/**
 * Closes the connection of an upgrade request that gets an HTTP response: Node no longer manages
 * it.
 */
function endUpgrade({ raw }: FastifyRequest, reply: FastifyReply): void {
  if ("upgrade" in raw && raw.upgrade === true) reply.raw.once("finish", () => raw.socket.destroySoon());
}
