// The Fastify plugin: it routes each request below its prefix, binds it, calls the upstream and
// prints the response.
import { METHODS, type Server } from "node:http";
import type { Readable } from "node:stream";
import websocket from "@fastify/websocket";
import type { JsonOptions } from "@grpc-study/codec/json";
import { Code, RpcError } from "@grpc-study/rpc";
import { LinkedSet } from "@grpc-study/rpc/linked-set";
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { CallLimits } from "./call-limits.ts";
import { Exchange, HttpExchange, type Settings } from "./exchange.ts";
import { bearerOf, bearerProtocol } from "./http/bearer.ts";
import { ErrorWriter, fromFastify, HttpError } from "./http/errors.ts";
import { headerRulesOf } from "./http/header-rules.ts";
import { webSocketUpgrades } from "./http/upgrades.ts";
import { allBindings } from "./http-rule/all-bindings.ts";
import type { Binding } from "./http-rule/rule.ts";
import { RuleError } from "./http-rule/rule.ts";
import { serveClientStream, serveUnary } from "./kinds/single.ts";
import { serveBidiStream, serveServerStream } from "./kinds/stream.ts";
import { checkOrigin, findStream, serveWebSocket } from "./kinds/web-socket.ts";
import { joinRegistries, withKnownTypes } from "./known-types.ts";
import { docs } from "./openapi/docs.ts";
import { openApi } from "./openapi/index.ts";
import { serveDocument } from "./openapi/serve-document.ts";
import type { GatewayOptions } from "./options.ts";
import { ownPathsOf, withOptions } from "./own-paths.ts";
import { type ConnectionsOf, makeRoute, type Route } from "./route.ts";
import { Router } from "./router.ts";
import { AnyTypes } from "./type-source.ts";
import { openUpstreams, UpstreamConnections, withNames } from "./upstreams.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The status code of the call. `undefined` if the call succeeded. */
    grpcCode: Code | undefined;
  }
}

const defaultBodyLimit = 4 * 1024 * 1024;
const defaultElementLimit = 1_000_000;
const defaultBodyTimeoutMs = 30_000;
const defaultMaxCalls = 10_000;
const defaultCallsPerConnection = 100;
export const defaultGraceMs = 10_000;
/**
 * Milliseconds between cancelling the calls and destroying their connections, so that their final
 * status can be sent.
 */
export const abortMs = 200;
/** Milliseconds between sweeps of idle connections during shutdown. */
export const sweepMs = 50;

/**
 * The bindings that a gateway serves.
 *
 * @throws RuleError if a rule is invalid, or conflicts with another one.
 */
export function servedBindings(options: GatewayOptions, warn?: (message: string) => void): Binding[] {
  const { rules, unbound, conflicts, otherUpstreams = [] } = options;
  const ownPaths = withOptions(ownPathsOf(options));
  return allBindings({ upstreams: withNames([options, ...otherUpstreams]), rules, unbound, conflicts, ownPaths, ...(warn && { warn }) });
}

/**
 * The gateway as a Fastify plugin: serves gRPC services over HTTP by their google.api.http rules.
 *
 * Registration rejects with a `RuleError` if a rule is invalid, or if no method has a rule, and with
 * a TypeError if an option names an invalid header.
 *
 * @example
 * const app = Fastify();
 * await app.register(gateway, { services: [ProdService, OrderService], upstream: "localhost:8083" });
 * await app.listen({ port: 9468 });
 */
export const gateway: FastifyPluginAsync<GatewayOptions> = async (app, options) => {
  const { typeSource } = options;
  const registry = typeSource === undefined ? options.registry : joinRegistries([withKnownTypes(options.registry), typeSource.registry]);
  const { elementLimit = defaultElementLimit } = options;
  // An ignored misspelt value would become the enum's zero value, and a PATCH would clear the
  // field.
  const json: JsonOptions = {
    ...options.json,
    elementLimit,
    ignoreUnknownEnumValues: false,
    // An upstream may send anything that the wire format can express.
    fallbacks: true,
    registry: withKnownTypes(registry),
  };
  const routeOptions = {
    json,
    rejectUnknownParameters: options.rejectUnknownParameters ?? false,
    anyTypes: typeSource && new AnyTypes(typeSource, withKnownTypes(registry)),
  };
  const router = new Router<Route>();
  const warn = options.onWarning ?? ((message: string) => console.warn(`gateway: ${message}`));
  const bindings = servedBindings(options, warn);
  // Such a gateway would answer every request with 404.
  if (bindings.length === 0) {
    const names = options.services.map(({ typeName }) => typeName).join(", ") || "the upstream";
    throw new RuleError(`no method of ${names} has a google.api.http rule: add rules with the option rules, or set unbound: true`);
  }
  const headerRules = headerRulesOf(options);
  const upstreams = openUpstreams(options);
  const { maxCalls = defaultMaxCalls, callsPerConnection = defaultCallsPerConnection } = options;
  const connections = upstreams.all.map((upstream) => ({ upstream, connections: new UpstreamConnections(upstream, callsPerConnection) }));
  const connectionsOf: ConnectionsOf = (service) =>
    (connections.find(({ upstream }) => upstream.services.includes(service)) ?? (connections[0] as (typeof connections)[0])).connections;
  for (const binding of bindings) router.add(makeRoute(binding, connectionsOf, routeOptions));

  const settings: Settings = {
    errors: new ErrorWriter(registry),
    headerRules,
    timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY,
    bodyLimit: options.bodyLimit ?? defaultBodyLimit,
    bodyTimeoutMs: options.bodyTimeoutMs ?? defaultBodyTimeoutMs,
    running: new LinkedSet(),
    callLimits: new CallLimits({ maxCalls, maxCallsPerAddress: options.maxCallsPerAddress ?? Math.ceil(maxCalls / 2) }),
  };
  let grace: NodeJS.Timeout | undefined;
  let sweep: NodeJS.Timeout | undefined;
  app.addHook("preClose", async () => {
    const end = () => {
      const remaining = [...settings.running];
      for (const exchange of remaining) exchange.cancel(new RpcError(Code.UNAVAILABLE, "the gateway is shutting down"));
      // A client that does not read does not receive the end of its response either.
      grace = setTimeout(() => {
        for (const exchange of remaining) exchange.abort();
      }, abortMs);
    };
    grace = setTimeout(end, options.graceMs ?? defaultGraceMs);
    // Node closes the connections that are idle now. Keep-alive would hold open those that become
    // idle later, and the server would wait for them.
    const server: Partial<Pick<Server, "closeIdleConnections">> = app.server;
    sweep = setInterval(() => server.closeIdleConnections?.(), sweepMs);
  });
  app.addHook("onClose", async () => {
    // With `localhost`, the second server may still have calls in flight.
    if ([...settings.running].length === 0) clearTimeout(grace);
    clearInterval(sweep);
    for (const { connections: pool } of connections) pool.close();
    upstreams.close();
  });

  app.decorateRequest("grpcCode", undefined);
  // Handlers read the body once they know its type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request: FastifyRequest, body: Readable, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => new HttpExchange(request, reply, noTarget, settings).fail(fromFastify(error)));
  await app.register(websocket, {
    options: { maxPayload: settings.bodyLimit, handleProtocols, server: webSocketUpgrades(app.server) },
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

  const split = (request: FastifyRequest): { path: string; query: string } => {
    const url = originForm(request.raw.url ?? "/").slice(app.prefix.length);
    const mark = url.indexOf("?");
    return mark < 0 ? { path: url, query: "" } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
  };

  // Returns no promise: Fastify would await it. `reply` is thenable, and would add listeners to the
  // response.
  const handler = (request: FastifyRequest, reply: FastifyReply): void => {
    const { path, query } = split(request);
    const found = router.find(request.method, path);
    if (found !== undefined && "route" in found) {
      const exchange = new HttpExchange(request, reply, { segments: found.segments, query }, settings);
      serve(exchange, found.route).catch((error: unknown) => exchange.fail(error));
    } else answerUnmatched(new HttpExchange(request, reply, noTarget, settings), path, found?.allow);
  };

  await serveDocumentation(app, bindings, options);
  // Registers all HTTP methods, so that `answerUnmatched` can reply 405 with `Allow`.
  for (const verb of METHODS) {
    if (verb !== "CONNECT" && !app.supportedMethods.includes(verb)) app.addHttpMethod(verb, { hasBody: true });
  }
  // A CORS plugin answers all OPTIONS requests itself.
  const taken = ["*", "/*"].some((url) => app.hasRoute({ method: "OPTIONS", url })) ? ["GET", "OPTIONS"] : ["GET"];
  app.route({ method: app.supportedMethods.filter((method) => !taken.includes(method)), url: "/*", handler });
  app.route({
    method: "GET",
    url: "/*",
    exposeHeadRoute: false,
    handler,
    // Runs before the handshake, so that an error is an HTTP response.
    onRequest: (request, _reply, done) => {
      if (!request.ws) return done();
      try {
        checkOrigin(request, options.allowedOrigins ?? []);
        bearerOf(request.headers);
        findStream(router, split(request).path);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    wsHandler: (socket, request) => {
      const { path, query } = split(request);
      const { route, segments } = findStream(router, path);
      const exchange = new Exchange(request, { segments, query }, settings);
      exchange.authorization = bearerOf(request.headers);
      return serveWebSocket(socket, exchange, route);
    },
  });
};

/** Serves the OpenAPI document and the documentation page. */
async function serveDocumentation(app: FastifyInstance, bindings: readonly Binding[], options: GatewayOptions): Promise<void> {
  const { openApi: more, json: { fieldNames = "json", emitDefaults = false } = {} } = options;
  const paths = ownPathsOf(options);
  if (paths.openApi === undefined) return;
  const servers = app.prefix === "" ? [] : [{ url: app.prefix }];
  const document = openApi(bindings, { servers, ...(more || {}), fieldNames, emitDefaults });
  serveDocument(app, paths.openApi, document);
  if (paths.docs === undefined) return;
  // Relative, so that a proxy can serve both below another path.
  const openApiUrl = `${"../".repeat(paths.docs.split("/").length - 2)}${paths.openApi.slice(1)}`;
  await app.register(docs, { title: document.info.title, path: paths.docs, openApiUrl });
}

/**
 * Converts an absolute-form target, which proxies receive, to origin form (RFC 9112, section
 * 3.2.2).
 */
function originForm(target: string): string {
  return target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?]*(?=(.?))/i, (_all, next: string) => (next === "/" ? "" : "/"));
}

/** Selects `bearer`, or else the first subprotocol. The token must not be echoed. */
function handleProtocols(protocols: ReadonlySet<string>): string | false {
  if (protocols.has(bearerProtocol)) return bearerProtocol;
  const [first = false] = protocols;
  return first;
}

const noTarget = { segments: [], query: "" };

/** Responds to a request without a matching route: 404, 405, or the answer to OPTIONS. */
function answerUnmatched(exchange: HttpExchange, path: string, allow: readonly string[] | undefined): void {
  const { request, reply } = exchange;
  const list = allow?.join(", ") ?? "";
  if (allow === undefined) exchange.fail(new HttpError(404, Code.NOT_FOUND, `no route matches ${path.slice(0, 200)}`));
  else if (request.method === "OPTIONS") reply.code(204).header("allow", list).send();
  else
    exchange.fail(
      new HttpError(405, Code.UNIMPLEMENTED, `the method ${request.method} is not allowed, expected one of: ${list}`, { allow: list }),
    );
}

function serve(exchange: HttpExchange, route: Route): Promise<void> {
  const { calls } = route;
  switch (calls.kind) {
    case "unary":
      return serveUnary(exchange, route, calls);
    case "server_streaming":
      return serveServerStream(exchange, route, calls);
    case "client_streaming":
      return serveClientStream(exchange, route, calls);
    case "bidi_streaming":
      return serveBidiStream(exchange, route, calls);
  }
}
