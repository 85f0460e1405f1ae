// The gateway as a plugin of Fastify: every request of its prefix is matched, bound, called and printed.
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
import { movable, ownPathsOf } from "./own-paths.ts";
import { type ConnectionsOf, makeRoute, type Route } from "./route.ts";
import { Router } from "./router.ts";
import { AnyTypes } from "./type-source.ts";
import { named, openUpstreams, UpstreamConnections } from "./upstreams.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** What a request's call ended with; undefined if that was well. */
    grpcCode: Code | undefined;
  }
}

const defaultBodyLimit = 4 * 1024 * 1024;
const defaultElementLimit = 1_000_000;
const defaultBodyTimeoutMs = 30_000;
const defaultMaxCalls = 10_000;
const defaultCallsPerConnection = 100;
export const defaultGraceMs = 10_000;
/** How long the ends of calls may take to be written once the grace is over. */
export const abortMs = 200;
export const sweepMs = 50;

/** The bindings that a gateway serves. @throws RuleError */
export function servedBindings(options: GatewayOptions, warn?: (message: string) => void): Binding[] {
  const { rules, unbound, conflicts, otherUpstreams = [] } = options;
  const ownPaths = movable(ownPathsOf(options));
  return allBindings({ upstreams: named([options, ...otherUpstreams]), rules, unbound, conflicts, ownPaths, ...(warn && { warn }) });
}

/**
 * Serves gRPC services over HTTP, by their google.api.http rules.
 *
 * @example
 * const app = Fastify();
 * await app.register(gateway, { services: [ProdService, OrderService], upstream: "localhost:8083" });
 * await app.listen({ port: 9468 });
 *
 * Registering it rejects with a RuleError if a rule cannot be served, or if no method has one.
 */
export const gateway: FastifyPluginAsync<GatewayOptions> = async (app, options) => {
  const { typeSource } = options;
  const registry = typeSource === undefined ? options.registry : joinRegistries([withKnownTypes(options.registry), typeSource.registry]);
  const { elementLimit = defaultElementLimit } = options;
  // A misspelt name that is ignored would be the enum's zero, and in a PATCH would clear the field.
  const json: JsonOptions = {
    ...options.json,
    elementLimit,
    ignoreUnknownEnumValues: false,
    // An upstream may send whatever the wire can hold.
    fallbacks: true,
    registry: withKnownTypes(registry),
  };
  const routeOptions = {
    json,
    refuseUnknownParameters: options.refuseUnknownParameters ?? false,
    anyTypes: typeSource && new AnyTypes(typeSource, withKnownTypes(registry)),
  };
  const router = new Router<Route>();
  const warn = options.onWarning ?? ((message: string) => console.warn(`gateway: ${message}`));
  const bindings = servedBindings(options, warn);
  // It would answer every request with 404, and nobody would know why.
  if (bindings.length === 0) {
    const names = options.services.map(({ typeName }) => typeName).join(", ") || "the upstream";
    throw new RuleError(`no method of ${names} has a google.api.http rule: give some with the option rules, or set unbound: true`);
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
      const left = [...settings.running];
      for (const exchange of left) exchange.cancel(new RpcError(Code.UNAVAILABLE, "the gateway is shutting down"));
      // A caller that does not read would not take the end of its response either.
      grace = setTimeout(() => {
        for (const exchange of left) exchange.abort();
      }, abortMs);
    };
    grace = setTimeout(end, options.graceMs ?? defaultGraceMs);
    // Node closes what is idle now; a connection whose last response is yet to come would be kept alive, and the server would wait for it.
    const server: Partial<Pick<Server, "closeIdleConnections">> = app.server;
    sweep = setInterval(() => server.closeIdleConnections?.(), sweepMs);
  });
  app.addHook("onClose", async () => {
    // With `localhost`, a second server may have calls yet.
    if ([...settings.running].length === 0) clearTimeout(grace);
    clearInterval(sweep);
    for (const { connections: made } of connections) made.close();
    upstreams.close();
  });

  app.decorateRequest("grpcCode", undefined);
  // Bodies are read here, once it is known what they are for.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request: FastifyRequest, body: Readable, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => new HttpExchange(request, reply, nothing, settings).fail(fromFastify(error)));
  await app.register(websocket, {
    options: { maxPayload: settings.bodyLimit, handleProtocols, server: webSocketUpgrades(app.server) },
    // Not its own, which logs every broken frame, and ends the socket before its client can know why.
    errorHandler(error, socket, request) {
      if (socket.readyState !== socket.OPEN) return;
      request.log.error(error);
      socket.terminate();
    },
    // Not its own, which closes them all at once: their calls have the time that others have.
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

  // No promise of a reply, which Fastify would wait for: a reply is a promise itself, and listens to the response.
  const handler = (request: FastifyRequest, reply: FastifyReply): void => {
    const { path, query } = split(request);
    const found = router.find(request.method, path);
    if (found !== undefined && "route" in found) {
      const exchange = new HttpExchange(request, reply, { segments: found.segments, query }, settings);
      serve(exchange, found.route).catch((error: unknown) => exchange.fail(error));
    } else refuse(new HttpExchange(request, reply, nothing, settings), path, found?.allow);
  };

  await describe(app, bindings, options);
  // All methods, so that those which no route has are refused here, with what is allowed.
  for (const verb of METHODS) {
    if (verb !== "CONNECT" && !app.supportedMethods.includes(verb)) app.addHttpMethod(verb, { hasBody: true });
  }
  // A plugin for CORS answers OPTIONS by itself, everywhere.
  const taken = ["*", "/*"].some((url) => app.hasRoute({ method: "OPTIONS", url })) ? ["GET", "OPTIONS"] : ["GET"];
  app.route({ method: app.supportedMethods.filter((method) => !taken.includes(method)), url: "/*", handler });
  app.route({
    method: "GET",
    url: "/*",
    exposeHeadRoute: false,
    handler,
    // Before the handshake: a refusal is an HTTP response.
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

/** The document of the gateway, and the page for people. */
async function describe(app: FastifyInstance, bindings: readonly Binding[], options: GatewayOptions): Promise<void> {
  const { openApi: more, json: { fieldNames = "json", emitDefaults = false } = {} } = options;
  const paths = ownPathsOf(options);
  if (paths.openApi === undefined) return;
  const servers = app.prefix === "" ? [] : [{ url: app.prefix }];
  const document = openApi(bindings, { servers, ...(more || {}), fieldNames, emitDefaults });
  serveDocument(app, paths.openApi, document);
  if (paths.docs === undefined) return;
  // Relative, so that a proxy may put both anywhere.
  const openApiUrl = `${"../".repeat(paths.docs.split("/").length - 2)}${paths.openApi.slice(1)}`;
  await app.register(docs, { title: document.info.title, path: paths.docs, openApiUrl });
}

/** RFC 9112, section 3.2.2: a target may be a whole URL, as proxies get them. */
function originForm(target: string): string {
  return target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?]*(?=(.?))/i, (_all, next: string) => (next === "/" ? "" : "/"));
}

/** The token is not answered with: of the subprotocols, it is the one that is no name. */
function handleProtocols(protocols: ReadonlySet<string>): string | false {
  if (protocols.has(bearerProtocol)) return bearerProtocol;
  const [first = false] = protocols;
  return first;
}

const nothing = { segments: [], query: "" };

/** Answers a request that is no method's. */
function refuse(exchange: HttpExchange, path: string, allow: readonly string[] | undefined): void {
  const { request, reply } = exchange;
  const list = allow?.join(", ") ?? "";
  if (allow === undefined) exchange.fail(new HttpError(404, Code.NOT_FOUND, `there is nothing at ${path.slice(0, 200)}`));
  else if (request.method === "OPTIONS") reply.code(204).header("allow", list).send();
  else exchange.fail(new HttpError(405, Code.UNIMPLEMENTED, `${request.method} is not allowed here, but ${list}`, { allow: list }));
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
