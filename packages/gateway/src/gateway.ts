// The gateway: its core, its server, and its handlers for other servers.
import type { IncomingMessage, RequestListener } from "node:http";
import type { Duplex } from "node:stream";
import { type Fetch, fetchHandler } from "./adapters/fetch.ts";
import { nodeListener } from "./adapters/node.ts";
import { Upgrades } from "./adapters/upgrade.ts";
import { checkServerOptions, checkUpstreams } from "./check-options.ts";
import { longestMs } from "./check-values.ts";
import { consoleSetting } from "./console/console-setting.ts";
import { abortMs, Core, defaultGraceMs, type Guard } from "./core.ts";
import { type GuardedRequest, originsOf } from "./grpc/origin.ts";
import { methodsOf } from "./grpc/relay.ts";
import { unknownCalls } from "./grpc/unknown-calls.ts";
import type { HttpHandler } from "./http/message.ts";
import { handshakeHandler } from "./kinds/handshake.ts";
import type { GatewayServerOptions, GatewayUpstreams } from "./options.ts";
import { serverPaths } from "./own-paths.ts";
import { allProtocols } from "./protocols.ts";
import { checkHost, checkSite } from "./server/hosts.ts";
import { securityHeaders } from "./server/security-headers.ts";
import { type Listening, Server } from "./server/server.ts";

/** A gateway. Its functions are bound to it, so that they can be passed on. */
export interface Gateway {
  /**
   * Serves all protocols on an address, over HTTP/1.1 and HTTP/2. May be called several times.
   * `localhost` means both IPv4 and IPv6.
   *
   * @param address `host:port`, such as `localhost:8080` or `[::1]:0`, or `unix:path`. Port 0 takes a
   *   free port.
   * @throws TypeError for an address of another format, ListenError if the address cannot be used.
   */
  readonly listen: (address: string) => Promise<Listening>;
  /** Serves requests of a server of node:http, node:https or node:http2. */
  readonly listener: RequestListener;
  /** Serves WebSockets of such a server: a listener for its event `upgrade`. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /**
   * Answers a web Request, for Hono, Bun, Deno and workers. A text that starts with a slash is a
   * path of `http://localhost`.
   */
  readonly fetch: Fetch;
  /**
   * Replaces the upstreams, their services and rules at once. Calls in flight go on.
   *
   * @throws RuleError if the new rules are invalid, TypeError for an invalid option. The gateway then
   *   serves what it did.
   */
  readonly update: (upstreams: GatewayUpstreams) => void;
  /** Stops listening. Requests in flight may finish within `graceMs`. */
  readonly close: () => Promise<void>;
}

/**
 * Creates a gateway: serves gRPC services over HTTP by their google.api.http rules.
 *
 * @throws RuleError if a rule is invalid, or if no method has a rule and REST is the only protocol.
 *   TypeError or RangeError if an option is invalid. TlsFileError for a certificate or key that cannot
 *   be used.
 *
 * @example
 * const gateway = createGateway({ services: [ProdService], upstream: "localhost:8083" });
 * const { url } = await gateway.listen("localhost:8080");
 */
export function createGateway(options: GatewayServerOptions): Gateway {
  checkServerOptions(options);
  const { tls, limits, cors, trustProxy, protocols = allProtocols, graceMs = defaultGraceMs } = options;
  const corsOrigins = cors === undefined ? [] : [cors.origin].flat();
  const pageOrigins = [...corsOrigins, ...(options.allowedOrigins ?? [])];
  const console = consoleSetting(options);
  const core = new Core(
    { ...options, allowedOrigins: pageOrigins, paths: { ...serverPaths(options.paths), console: console?.path ?? false } },
    {
      headers: securityHeaders({ secure: tls !== undefined, shared: cors !== undefined }),
      home: true,
      console: console && { ...console, isOn: () => !console.onlyOnLoopback || server.isLoopback },
    },
  );
  const allowedHosts = options.allowedHosts?.map((host) => host.toLowerCase());
  const guardOf = (hosts: () => readonly string[]) => {
    return (request: GuardedRequest) => {
      checkHost(request, allowedHosts ?? hosts());
      checkSite(request, pageOrigins);
    };
  };
  const guardOwn = guardOf(() => server.hosts);
  const parts = (guard: Guard | undefined) => {
    const handler: HttpHandler = (request, response) => core.handle(request, response, guard);
    const { bodyLimit: maxPayload } = core.settings;
    return { handler, upgrades: new Upgrades({ handshake: handshakeHandler(core, guard), handler, maxPayload, trustProxy }) };
  };
  // Another server decides which hosts it serves, unless the options do.
  const elsewhere = parts(allowedHosts && guardOf(() => []));
  const own = parts(guardOwn);
  const originOf = originsOf(trustProxy, guardOwn);
  const server: Server = new Server({
    handler: own.handler,
    onUpgrade: own.upgrades.upgrade,
    find: protocols.includes("grpc") ? methodsOf(core, originOf) : undefined,
    onUnknown: unknownCalls(core, originOf),
    callLimits: { maxReceiveMessageBytes: core.settings.bodyLimit, bodyTimeoutMs: core.settings.bodyTimeoutMs },
    onError: (error) => {
      const { logger } = options;
      if (logger === undefined) globalThis.console.error("gateway:", error);
      else logger.error({ err: error }, "the gateway threw an error");
    },
    errors: core.settings.errors,
    tls,
    limits,
    trustProxy,
  });

  const close = async () => {
    const timeoutMs = Math.min(graceMs + abortMs, longestMs);
    const end = setTimeout(() => {
      own.upgrades.terminate();
      elsewhere.upgrades.terminate();
    }, timeoutMs);
    await core.drain(graceMs, Promise.all([server.close(timeoutMs), own.upgrades.close(), elsewhere.upgrades.close()]));
    clearTimeout(end);
    core.close();
  };
  let closed: Promise<void> | undefined;
  return {
    listen: (address) => server.listen(address),
    listener: nodeListener(elsewhere.handler, { trustProxy }),
    upgrade: elsewhere.upgrades.upgrade,
    fetch: fetchHandler(elsewhere.handler),
    update: (upstreams) => {
      checkUpstreams(upstreams);
      core.update(upstreams);
    },
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}
