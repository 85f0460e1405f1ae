// The gateway without a server: it answers requests, whatever server they come from.
import { METHODS } from "node:http";
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import { CallLimits } from "./call-limits.ts";
import { connect } from "./connect/handler.ts";
import { isConnectSocket } from "./connect/socket.ts";
import type { ConsoleOptions } from "./console/console-options.ts";
import { consoleHandlers, type FindHandler } from "./console/handlers.ts";
import { Cors, corsMethods, isPreflight } from "./cors.ts";
import type { Settings } from "./exchange.ts";
import { quote } from "./fields/invalid-field.ts";
import { ownServices } from "./grpc/own-services.ts";
import { grpcWeb } from "./grpc-web/handler.ts";
import { UpstreamsHealth } from "./health.ts";
import { checkedResponse } from "./hook-results.ts";
import { checkedHooks } from "./hooks.ts";
import { ErrorWriter, HttpError } from "./http/errors.ts";
import { headerRulesOf } from "./http/header-rules.ts";
import { timeoutOf } from "./http/headers.ts";
import type { HttpRequest, HttpResponse, ResponseHeaders } from "./http/message.ts";
import { HttpExchange } from "./http-exchange.ts";
import { RestExchange } from "./kinds/rest-exchange.ts";
import { serveClientStream, serveUnary } from "./kinds/single.ts";
import { serveBidiStream, serveServerStream } from "./kinds/stream.ts";
import type { GatewayOptions, GatewayUpstreams } from "./options.ts";
import { ownHandlers } from "./own-handlers.ts";
import { type OwnHandler, ownPathsOf } from "./own-paths.ts";
import type { ProtocolHandler } from "./protocol/handler.ts";
import { allProtocols } from "./protocols.ts";
import type { Route } from "./route.ts";
import { Routes, type RpcMethod, registryOf, updated, upstreamsOf } from "./routes.ts";
import { Running } from "./running.ts";
import { onlyConnection, Pools, serversOf, type UpstreamConnections } from "./upstreams.ts";

const defaultBodyLimit = 4 * 1024 * 1024;
const defaultBodyTimeoutMs = 30_000;
const defaultMaxCalls = 10_000;
const defaultCallsPerConnection = 100;
export const defaultGraceMs = 10_000;
/**
 * Milliseconds between cancelling the calls and destroying their connections, so that their final
 * status can be sent.
 */
export const abortMs = 200;

/** The protocols of RPC. The first one that accepts a request serves it. */
const handlers = [
  { protocol: "grpc-web", handler: grpcWeb },
  { protocol: "connect", handler: connect },
] as const;

/** The methods of HTTP. HTTP/2 allows any text. The gateway is no proxy, so CONNECT is not one. */
const knownMethods: ReadonlySet<string> = new Set(METHODS.filter((method) => method !== "CONNECT"));

/** Rejects requests that a server must not serve. @throws HttpError */
export type Guard = (request: HttpRequest) => void;

/** The console of a gateway. */
export interface CoreConsole extends ConsoleOptions {
  /** Whether it is served now. */
  readonly isOn: () => boolean;
}

/** What differs between the servers of a gateway. */
export interface CoreOptions {
  /** Headers of all responses. */
  readonly headers?: ResponseHeaders;
  /** Whether `/` redirects to the documentation, unless a rule matches it. */
  readonly home?: boolean;
  /** The console. Default: none. */
  readonly console?: CoreConsole | undefined;
}

/** What changes with `update`. */
interface Served {
  readonly routes: Routes;
  readonly settings: Settings;
  readonly own: ReadonlyMap<string, OwnHandler>;
  readonly console: FindHandler | undefined;
  /** The gateway's own health and reflection services, created by their first call. */
  readonly common: () => UpstreamConnections;
}

/** The gateway without a server. */
export class Core {
  readonly #options: GatewayOptions;
  readonly #core: CoreOptions;
  readonly #pools: Pools;
  readonly #cors: Cors | undefined;
  readonly #protocols: readonly ProtocolHandler[];
  readonly #shared: Omit<Settings, "errors">;
  readonly #running = new Running();
  #served: Served;
  #methods: readonly string[] | undefined;

  /**
   * @throws RuleError if a rule is invalid, or if no method has a rule and REST is the only protocol.
   *   TypeError if an option is invalid.
   */
  constructor(options: GatewayOptions, core: CoreOptions = {}) {
    const { maxCalls = defaultMaxCalls, callsPerConnection = defaultCallsPerConnection, protocols = allProtocols } = options;
    this.#options = options;
    this.#core = core;
    this.#protocols = handlers.filter(({ protocol }) => protocols.includes(protocol)).map(({ handler }) => handler);
    this.#cors = options.cors && new Cors(options.cors, { protocols, responseHeaders: options.responseHeaders ?? [] });
    this.#pools = new Pools({ maxResponseBytes: options.maxResponseBytes, callsPerConnection });
    this.#shared = {
      headerRules: headerRulesOf(options),
      bodyLimit: options.bodyLimit ?? defaultBodyLimit,
      bodyTimeoutMs: options.bodyTimeoutMs ?? defaultBodyTimeoutMs,
      running: this.#running,
      callLimits: new CallLimits({ maxCalls, maxCallsPerAddress: options.maxCallsPerAddress ?? Math.ceil(maxCalls / 2) }),
      headers: core.headers ?? {},
      filter: this.#cors?.filter,
      pageOrigins: options.allowedOrigins ?? [],
      logger: options.logger,
      hooks: checkedHooks(options.hooks),
      observe: options.observe,
    };
    this.#served = this.#open(options);
  }

  get routes(): Routes {
    return this.#served.routes;
  }

  get settings(): Settings {
    return this.#served.settings;
  }

  /** The health and reflection services of all upstreams together, in gRPC. */
  get common(): () => UpstreamConnections {
    return this.#served.common;
  }

  /**
   * Replaces what the gateway serves. Calls in flight go on.
   *
   * @throws RuleError if the new rules are invalid. Nothing has changed then.
   */
  update(upstreams: GatewayUpstreams): void {
    this.#served = this.#open(updated(this.#options, upstreams));
    this.#methods = undefined;
  }

  /** The method that a request calls. Returns `undefined` if it calls none. */
  methodOf(request: HttpRequest): DescMethod | undefined {
    const { rest, rpc, protocol } = this.#find(request);
    if (protocol !== undefined) return rpc?.method;
    return rest?.route.binding.method;
  }

  /** The method that a handshake calls by Connect over a WebSocket. Returns `undefined` if it calls none. */
  socketMethod({ headers, path }: Pick<HttpRequest, "headers" | "path">): RpcMethod | undefined {
    return isConnectSocket(headers) && this.#protocols.includes(connect) ? this.#served.routes.method(path) : undefined;
  }

  /** Finds what a request calls: a method by a protocol of RPC, or else a route of REST. */
  #find(request: HttpRequest) {
    const { routes } = this.#served;
    const rest = routes.match(request.method, request.path);
    const needsVersion = this.#options.requireConnectVersion === true || rest !== undefined;
    const rpc = this.#protocols.length > 0 ? routes.method(request.path) : undefined;
    const protocol = rpc && this.#protocols.find((one) => one.accepts(request, rpc, needsVersion));
    return { rest, rpc, protocol };
  }

  /** The protocol of RPC of a request that has not been checked. Undefined for REST. */
  #protocolOf(request: HttpRequest): ProtocolHandler | undefined {
    const explicit = this.#protocols.find((one) => one.isExplicit(request));
    // The path of a method is valid. Others may not be.
    return explicit ?? (this.#served.routes.method(request.path) && this.#find(request).protocol);
  }

  /** Answers a request. Never throws. */
  handle(request: HttpRequest, response: HttpResponse, guard?: Guard): void {
    const { routes, settings, own, console } = this.#served;
    const { method, path } = request;
    try {
      check(request, guard);
    } catch (error) {
      const protocol = this.#protocolOf(request);
      if (protocol !== undefined && error instanceof HttpError) protocol.reject(request, response, error, settings);
      else new HttpExchange(request, response, settings).fail(error);
      return;
    }
    if (this.#cors !== undefined && isPreflight(request)) {
      this.#cors.answer(new HttpExchange(request, response, settings), this.#corsMethods());
      return;
    }
    const ownHandler = console?.(path) ?? own.get(path);
    if (ownHandler !== undefined && (method === "GET" || method === "HEAD")) {
      serveOwn(new HttpExchange(request, response, settings), ownHandler);
      return;
    }
    const { rest, rpc, protocol } = this.#find(request);
    if (rpc !== undefined && protocol !== undefined) protocol.serve(request, response, rpc, settings);
    else if (rest !== undefined) void serveRest(new RestExchange(request, response, rest, settings), rest.route);
    else {
      const explicit = this.#protocols.find((one) => one.isExplicit(request));
      if (explicit === undefined) {
        const allow = routes.wrongMethod(method, path)?.allow ?? (ownHandler && ownMethods);
        void answerUnmatched(new HttpExchange(request, response, settings), allow);
      } else
        explicit.reject(
          request,
          response,
          new HttpError(404, Code.UNIMPLEMENTED, `no method has the path ${path.slice(0, 200)}`),
          settings,
        );
    }
  }

  /**
   * Lets calls in flight finish, cancels those that remain after `graceMs`, and ends their requests
   * `abortMs` later. Resolves once all calls have ended.
   *
   * @param closed resolves once no more requests arrive.
   */
  async drain(graceMs: number, closed: Promise<unknown>): Promise<void> {
    const grace = setTimeout(() => {
      const remaining = [...this.#running];
      for (const exchange of remaining) exchange.cancel(new RpcError(Code.UNAVAILABLE, "the gateway is shutting down"));
      const abort = () => {
        for (const exchange of remaining) exchange.abort();
      };
      // A client that does not read does not receive the end of its response either.
      setTimeout(abort, abortMs).unref();
    }, graceMs);
    try {
      await closed;
      await this.#running.empty();
    } finally {
      clearTimeout(grace);
    }
  }

  /** Closes the channels to the upstreams that the gateway opened. */
  close(): void {
    this.#pools.close();
  }

  #open(options: GatewayOptions): Served {
    const upstreams = upstreamsOf(options);
    const pools = this.#pools.open(upstreams);
    const routes = new Routes(options, pools);
    const settings: Settings = { ...this.#shared, errors: new ErrorWriter(registryOf(options)) };
    const health = new UpstreamsHealth(serversOf(upstreams, pools));
    const own = ownHandlers(options, { bindings: routes.bindings, health, home: this.#core.home ?? false });
    const reflection = ownPathsOf(options).openApi !== undefined;
    let common: UpstreamConnections | undefined;
    this.#pools.use(pools);
    return {
      routes,
      settings,
      own,
      console: this.#consoleOf(options, routes),
      common: () => {
        common ??= onlyConnection(ownServices({ services: routes.services, health, reflection }));
        return common;
      },
    };
  }

  #consoleOf(options: GatewayOptions, { bindings, services }: Routes): FindHandler | undefined {
    const { console } = this.#core;
    const { console: path } = ownPathsOf(options);
    if (console === undefined || path === undefined) return undefined;
    return consoleHandlers({
      path,
      console,
      options,
      bindings,
      services: services.keys(),
      home: this.#core.home ?? false,
      isOn: console.isOn,
    });
  }

  #corsMethods(): readonly string[] {
    this.#methods ??= corsMethods(this.#served.routes.bindings);
    return this.#methods;
  }
}

const ownMethods = ["GET", "HEAD", "OPTIONS"];

/** @throws HttpError for a request that no handler must see. */
export function check(request: HttpRequest, guard: Guard | undefined): void {
  const { method, path, problem } = request;
  if (problem !== undefined) throw problem;
  guard?.(request);
  if (!knownMethods.has(method)) throw new HttpError(501, Code.UNIMPLEMENTED, `unknown HTTP method ${quote(method)}`);
  if (path.includes("%")) checkEncoding(path);
}

/** @throws HttpError 400 if a path is not percent-encoded UTF-8. */
function checkEncoding(path: string): void {
  try {
    decodeURIComponent(path);
  } catch {
    throw new HttpError(400, Code.INVALID_ARGUMENT, `the path ${quote(path.slice(0, 200))} is not percent-encoded UTF-8`);
  }
}

/** Responds to a request without a matching route: 404, 405, or the answer to OPTIONS. */
async function answerUnmatched(exchange: HttpExchange, allow: readonly string[] | undefined): Promise<void> {
  const { request, settings } = exchange;
  const { method, path } = request;
  if (allow === undefined) {
    const { notFound } = settings.hooks;
    try {
      const custom = notFound && checkedResponse("notFound", await notFound(request));
      if (custom !== undefined) {
        exchange.sendCustom(custom, 404);
        return;
      }
    } catch (error) {
      exchange.fail(error);
      return;
    }
    exchange.fail(new HttpError(404, Code.NOT_FOUND, `no route matches ${path.slice(0, 200)}`));
    return;
  }
  const list = allow.join(", ");
  if (method === "OPTIONS") {
    exchange.headers["allow"] = list;
    exchange.send(204);
  } else {
    exchange.fail(new HttpError(405, Code.UNIMPLEMENTED, `the method ${method} is not allowed, expected one of: ${list}`, { allow: list }));
  }
}

async function serveOwn(exchange: HttpExchange, handler: OwnHandler): Promise<void> {
  try {
    await handler(exchange);
  } catch (error) {
    exchange.fail(error);
  }
}

async function serveRest(exchange: RestExchange, route: Route): Promise<void> {
  try {
    const { calls } = route;
    exchange.limitTime(timeoutOf(exchange.request.headers));
    const authorized = exchange.authorize(route.binding.method, "rest", route.timeoutMs);
    if (authorized !== undefined) await authorized;
    if (calls.kind === "unary") await serveUnary(exchange, route, calls);
    else if (calls.kind === "server_streaming") await serveServerStream(exchange, route, calls);
    else if (calls.kind === "client_streaming") await serveClientStream(exchange, route, calls);
    else await serveBidiStream(exchange, route, calls);
  } catch (error) {
    exchange.fail(error);
  }
}
