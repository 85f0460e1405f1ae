// A gateway on a server of its own: the plugin, and what one puts around it in production.
import { METHODS, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import cors from "@fastify/cors";
import { Code, RpcError } from "@grpc-study/rpc";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from "fastify";
import { gateway, servedBindings } from "../gateway.ts";
import { clientLeft } from "../http/client-left.ts";
import { ErrorWriter, fromFastify, HttpError } from "../http/errors.ts";
import { requestIdOf } from "../http/headers.ts";
import { sendJson } from "../http/send-json.ts";
import { httpStatus } from "../http/status.ts";
import type { Binding } from "../http-rule/rule.ts";
import type { GatewayOptions } from "../options.ts";
import { ownPathsOf } from "../own-paths.ts";
import { openUpstreams } from "../upstreams.ts";
import { serveHealth } from "./health.ts";
import { type ConnectionLimits, createHttpServer, type GatewayTls } from "./http-server.ts";
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
  const paths = { health: "/healthz", ...options.paths };
  const bindings = servedBindings({ ...options, paths });
  const upstreams = openUpstreams(options);
  const errors = new ErrorWriter(options.registry);
  const security = securityHeaders({ secure: tls !== undefined, shared: origins.length > 0 });
  let closeSessions = () => {};
  const app = Fastify({
    serverFactory(handler) {
      const made = createHttpServer(handler, tls, limits);
      closeSessions = made.closeSessions;
      return made.server;
    },
    ...(logger ? { loggerInstance: logger } : {}),
    trustProxy: typeof options.trustProxy === "object" ? [...options.trustProxy] : (options.trustProxy ?? false),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    forceCloseConnections: "idle",
    clientErrorHandler: (error, socket) => {
      refuseConnection(error, socket, errors);
    },
    // What comes before the plugin, such as a path that is not percent-encoded UTF-8.
    frameworkErrors(error, request, reply) {
      endUpgrade(request as FastifyRequest, reply as FastifyReply);
      logEnd(request as FastifyRequest, reply as FastifyReply);
      const refusal = RpcError.from(fromFastify(error));
      (request as FastifyRequest).grpcCode = refusal.code;
      const { status, body } = errors.response(refusal);
      sendJson((reply as FastifyReply).code(status).headers(security), body);
    },
  });
  app.addHook("preClose", async () => closeSessions());
  app.addHook("onClose", async () => upstreams.close());
  app.addHook("onRequest", (request, reply, done) => {
    endUpgrade(request, reply);
    if (logger !== undefined) logEnd(request, reply);
    reply.headers(security);
    done();
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
    allowedOrigins: [...origins, ...(options.allowedOrigins ?? [])],
  });
  return app;
}

/** What a page may ask for: the usual methods, and custom ones of rules. Browsers never send TRACE and CONNECT. */
function methodsOf(bindings: readonly Binding[]): string[] {
  const usual = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];
  const custom = bindings.flatMap(({ verb }) => (verb === "*" ? METHODS.filter((method) => !/^(?:TRACE|CONNECT)$/.test(method)) : verb));
  return [...new Set([...usual, ...custom])];
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
