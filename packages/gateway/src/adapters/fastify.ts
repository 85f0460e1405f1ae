// The gateway as a Fastify plugin. It has one Fastify route for each binding and each method, so that
// plugins that work by route work: rate limits, authentication, metrics.
import type { IncomingMessage, Server } from "node:http";
import { METHODS } from "node:http";
import type { DescMethod } from "@bufbuild/protobuf";
import websocket from "@fastify/websocket";
import { Code, methodPath } from "@grpc-study/rpc";
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest, preHandlerHookHandler, RouteOptions } from "fastify";
import { checkPluginOptions } from "../check-options.ts";
import { consoleSetting } from "../console/console-setting.ts";
import { Core, defaultGraceMs } from "../core.ts";
import { HttpError } from "../http/errors.ts";
import { HttpExchange } from "../http-exchange.ts";
import { findStream, handshakeHandler, hasPath } from "../kinds/handshake.ts";
import type { ConsoleOption, GatewayOptions } from "../options.ts";
import { upstreamsOf } from "../routes.ts";
import { FastifyHttpRequest, FastifyHttpResponse } from "./fastify-exchange.ts";
import { fastifyUrl } from "./fastify-url.ts";
import { splitTarget } from "./target.ts";
import { handleProtocols, isWebSocket, type ServeWebSocket, webSocketUpgrades } from "./upgrade.ts";

/** What the Fastify routes of a method have of their own. */
export type GatewayRouteOptions = Pick<
  RouteOptions,
  "config" | "errorHandler" | "logLevel" | "onRequest" | "onResponse" | "preHandler" | "preValidation"
>;

/** The options of `fastifyGateway`. */
export interface FastifyGatewayOptions extends GatewayOptions, ConsoleOption {
  /**
   * Options for the Fastify routes of a method, in each protocol: a `config` for plugins, and hooks,
   * which run after those of the app. Called once for each method. Default: none.
   *
   * @example
   * route: (method) => method.name === "CreateOrder" ? { preHandler: app.auth([app.verifyJwt]) } : undefined
   */
  readonly route?: ((method: DescMethod) => GatewayRouteOptions | undefined) | undefined;
}

/** Milliseconds between sweeps of idle connections during shutdown. */
const sweepMs = 50;
let gateways = 0;

/**
 * Serves gRPC services by REST, Connect and gRPC-Web in a Fastify app, after the app's hooks. Headers
 * that hooks set are sent, too. `close()` of the app lets calls finish within `graceMs`. gRPC needs
 * `createGateway`.
 *
 * A path parameter that is longer than Fastify's `maxParamLength` (100) does not match the route of its
 * method, and fails with 404 if the option `route` has something for the method.
 *
 * Registration rejects with a RuleError if a rule is invalid, and with a TypeError if an option is.
 *
 * @example
 * const app = Fastify();
 * await app.register(fastifyGateway, { prefix: "/api", services: [ProdService], upstream: "localhost:8083" });
 */
export const fastifyGateway: FastifyPluginAsync<FastifyGatewayOptions> = async (app, options) => {
  checkPluginOptions(options, { route: "function", prefix: "any", logLevel: "any", logSerializers: "any" });
  const prefix = app.prefix.replace(/\/$/, "");
  if (/[:*]/.test(prefix)) throw new TypeError(`the prefix of a gateway must be without parameters, got ${prefix}`);
  const core = openCore(app, prefix, options);
  closeWith(app, core, options.graceMs ?? defaultGraceMs);
  // The gateway reads bodies itself.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, body, done) => done(null, body));
  await serveWebSockets(app, core, prefix);

  const ownOptions = new Map<DescMethod, GatewayRouteOptions>();
  for (const { services } of upstreamsOf(options)) {
    for (const method of services.flatMap(({ methods }) => methods)) {
      const own = options.route?.(method);
      if (own !== undefined) ownOptions.set(method, own);
    }
  }
  /** Whether a route has the hooks of the method that a request calls. */
  const isRightRoute = (called: DescMethod | undefined, method: DescMethod | undefined) =>
    called === undefined || called === method || !ownOptions.has(called);
  const accepted = new WeakMap<FastifyRequest, ServeWebSocket>();
  const handshake = handshakeHandler(core, undefined);

  const optionsOf = (method: DescMethod | undefined) => {
    const own = method && ownOptions.get(method);
    const open = (request: FastifyRequest, reply: FastifyReply) => {
      const response = new FastifyHttpResponse(reply);
      return { request: new FastifyHttpRequest(request, response, prefix), response };
    };
    const shake: preHandlerHookHandler = (fastifyRequest, reply, done) => {
      if (!fastifyRequest.ws) return done();
      const { request, response } = open(fastifyRequest, reply);
      const called = (core.socketMethod(request) ?? findStream(core.routes, request.path)?.route.binding)?.method;
      const serve = isRightRoute(called, method) ? handshake(request, response) : rejectRoute(request, response, core);
      if (serve === undefined) return void reply.hijack();
      accepted.set(fastifyRequest, serve);
      done();
    };
    return {
      ...own,
      preHandler: [own?.preHandler ?? [], shake].flat(),
      exposeHeadRoute: false,
      handler: (fastifyRequest: FastifyRequest, reply: FastifyReply) => {
        reply.hijack();
        const { request, response } = open(fastifyRequest, reply);
        if (ownOptions.size === 0 || isRightRoute(core.methodOf(request), method)) core.handle(request, response);
        else rejectRoute(request, response, core);
      },
    };
  };
  const wsHandler: RouteOptions["wsHandler"] = (socket, request) => accepted.get(request)?.(socket, request.raw.socket);
  const constraint = constrain(app, core, prefix);
  const known = new Set<string>();
  const add = (verbs: readonly string[], url: string, method: DescMethod, more: Pick<RouteOptions, "constraints" | "wsHandler">) => {
    const free = verbs.filter((verb) => {
      // The names of parameters make no difference.
      const key = `${verb} ${url.replaceAll(/\/:\w+/g, "/:")} ${more.constraints === undefined ? "" : methodPath(method)}`;
      return !known.has(key) && known.add(key);
    });
    if (free.length > 0) app.route({ ...optionsOf(method), method: free, url, ...more });
  };

  for (const verb of METHODS) {
    if (verb !== "CONNECT" && !app.supportedMethods.includes(verb)) app.addHttpMethod(verb, { hasBody: true });
  }
  for (const binding of core.routes.bindings) {
    const { method, verb } = binding;
    const url = fastifyUrl(binding);
    const constraints = { [constraint]: methodPath(method) };
    const streams = method.methodKind !== "unary";
    // The handshake of a WebSocket is a GET.
    if (verb === "GET" || verb === "*" || streams) add(["GET", "HEAD"], url, method, { constraints, ...(streams && { wsHandler }) });
    if (verb !== "GET") add(verb === "*" ? app.supportedMethods : [verb], url, method, { constraints });
  }
  for (const method of upstreamsOf(options).flatMap(({ services }) => services.flatMap(({ methods }) => methods))) {
    if (core.routes.method(methodPath(method))?.method !== method) continue;
    add(["POST"], methodPath(method), method, {});
    // Connect over a WebSocket, too.
    add(["GET", "HEAD"], methodPath(method), method, { wsHandler });
  }
  // A CORS plugin answers all OPTIONS requests itself.
  const taken = ["*", "/*"].some((url) => app.hasRoute({ method: "OPTIONS", url })) ? ["OPTIONS"] : [];
  const rest = app.supportedMethods.filter((verb) => verb !== "GET" && verb !== "HEAD" && !taken.includes(verb));
  app.route({ ...optionsOf(undefined), method: rest, url: "/*" });
  app.route({ ...optionsOf(undefined), method: ["GET", "HEAD"], url: "/*", wsHandler });
};

function openCore(app: FastifyInstance, prefix: string, options: FastifyGatewayOptions): Core {
  const { openApi, logger } = options;
  const { log } = app;
  // The app decides what else it serves, so the console must be asked for.
  const console = consoleSetting({ ...options, console: options.console ?? false });
  const all: GatewayOptions = {
    ...options,
    paths: { ...options.paths, console: console?.path ?? false },
    ...(prefix !== "" && openApi !== false && { openApi: { servers: [{ url: prefix }], ...openApi } }),
    // Fastify has an access log of its own.
    logger: logger ?? {
      info() {},
      warn: (fields, message) => log.warn(fields, message),
      error: (fields, message) => log.error(fields, message),
    },
  };
  return new Core(all, { console: console && { ...console, isOn: () => true } });
}

/** Closes the core with the app: calls in flight may finish. */
function closeWith(app: FastifyInstance, core: Core, graceMs: number): void {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let drained: Promise<void> | undefined;
  let sweep: NodeJS.Timeout | undefined;
  app.addHook("preClose", async () => {
    drained = core.drain(graceMs, closed);
    // Fastify closes the connections that are idle now. Keep-alive would hold open those that become
    // idle later, and the server would wait for them.
    const server: Partial<Pick<Server, "closeIdleConnections">> = app.server;
    sweep = setInterval(() => server.closeIdleConnections?.(), sweepMs);
  });
  app.addHook("onClose", async () => {
    resolve();
    await drained;
    clearInterval(sweep);
    core.close();
  });
}

/** Registers @fastify/websocket, unless the app has. Its options are those of the app then. */
async function serveWebSockets(app: FastifyInstance, core: Core, prefix: string): Promise<void> {
  // A hook has answered the handshake. Node no longer manages its connection, and nothing reads it, so
  // its client could go away unnoticed.
  app.addHook("onResponse", (request, _reply, done) => {
    if (isWebSocket(request.raw)) request.raw.socket.destroySoon();
    done();
  });
  if (app.hasDecorator("websocketServer")) return;
  const has = ({ url = "/", headers }: IncomingMessage) => {
    const { path } = splitTarget(url, prefix);
    const protocols = { "sec-websocket-protocol": headers["sec-websocket-protocol"] };
    return hasPath(core.routes, path) || core.socketMethod({ headers: protocols, path }) !== undefined;
  };
  await app.register(websocket, {
    options: { maxPayload: core.settings.bodyLimit, handleProtocols, server: webSocketUpgrades(app.server, has) },
    // The default handler logs every broken frame and destroys the socket before the client learns
    // why.
    errorHandler(error, socket, request) {
      if (socket.readyState !== socket.OPEN) return;
      request.log.error(error);
      socket.terminate();
    },
    // The default closes all sockets at once. Their calls have the same grace period as others.
    preClose(done) {
      this.websocketServer.close();
      done();
    },
  });
}

/**
 * Makes a constraint of Fastify's router: the method that a request calls. So its routes match as the
 * gateway's do. Returns its name.
 */
function constrain(app: FastifyInstance, core: Core, prefix: string): string {
  const name = `grpcGateway${++gateways}`;
  app.addConstraintStrategy({
    name,
    storage: () => new Map(),
    deriveConstraint(request: IncomingMessage) {
      const { path } = splitTarget(request.url ?? "/", prefix);
      const found = isWebSocket(request) ? findStream(core.routes, path) : core.routes.match(request.method ?? "", path);
      return found && methodPath(found.route.binding.method);
    },
  });
  return name;
}

/** Rejects a request that has come by the route of another method: its hooks have not run. */
function rejectRoute(request: FastifyHttpRequest, response: FastifyHttpResponse, core: Core): undefined {
  const message = `Fastify's router has no route for ${request.path.slice(0, 200)}: check the percent-encoding of the path, and the option maxParamLength`;
  new HttpExchange(request, response, core.settings).fail(new HttpError(404, Code.NOT_FOUND, message));
}
