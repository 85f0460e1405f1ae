// The options of a gateway.
import type { DescService, Registry } from "@bufbuild/protobuf";
import type { JsonOptions } from "@grpc-study/codec/json";
import type { Channel, ServerTls } from "@grpc-study/rpc";
import type { TrustProxy } from "./adapters/proxies.ts";
import type { ConsoleOptions } from "./console/console-options.ts";
import type { GatewayHooks } from "./hooks.ts";
import type { Conflicts } from "./http-rule/all-bindings.ts";
import type { HttpRuleInit } from "./http-rule/rule.ts";
import type { GatewayObserver } from "./observe.ts";
import type { OpenApiOptions } from "./openapi/index.ts";
import type { Protocol } from "./protocols.ts";
import type { ConnectionLimits } from "./server/limits.ts";
import type { TypeSource } from "./type-source.ts";

/** A log. Pino's loggers fit. */
export interface GatewayLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Which pages of other origins may read responses. */
export interface CorsOptions {
  /** The origins, or `"*"` for all. Cookies are never allowed. */
  readonly origin: readonly string[] | "*";
  /**
   * Request headers that pages may send. Default: those that a page asks for.
   */
  readonly allowedHeaders?: readonly string[] | undefined;
  /** Response headers that pages may read, in addition to those of the gateway. Default: none. */
  readonly exposedHeaders?: readonly string[] | undefined;
  /**
   * Seconds for which a browser may remember the answer to a preflight. Default: the browser's
   * default, which is 5.
   */
  readonly maxAgeSeconds?: number | undefined;
}

/** A gRPC server, and the services that it has. */
export interface Upstream {
  /** The services to serve: generated, or from `readDescriptors` or `reflectServices`. */
  readonly services: readonly DescService[];
  /** The server: `host:port`, a channel, or an in-process channel from `server.channel()`. */
  readonly upstream: string | Channel;
  /**
   * Opens another connection to the same server once the existing ones have `callsPerConnection`
   * calls. Use `createChannel` with `pool: false`. Default: with `host:port`, another channel. With
   * a channel, none: calls beyond the server's stream limit wait.
   */
  readonly connect?: (() => Channel) | undefined;
  /** The name with which `/healthz` lists the server while it is not healthy. Default: not listed. */
  readonly name?: string | undefined;
  /**
   * Whether the services of the server are not known yet. `/healthz` then fails. Default: false.
   */
  readonly missing?: boolean | undefined;
}

/** What a gateway serves. `Gateway.update` replaces it. */
export interface GatewayUpstreams extends Upstream {
  /**
   * Further servers, each with its own services. A service that two servers have is a conflict: see
   * `conflicts`. Default: none.
   */
  readonly otherUpstreams?: readonly Upstream[] | undefined;
  /**
   * google.api.http rules in addition to those in the .proto. For a method that one selects, it
   * replaces the method's own rule.
   */
  readonly rules?: readonly HttpRuleInit[] | undefined;
  /**
   * Types for `google.protobuf.Any`, including error details. The types of google.rpc are built in.
   */
  readonly registry?: Registry | undefined;
  /**
   * Finds the types of `google.protobuf.Any` messages that `registry` does not have.
   * `reflectServices` returns one. Default: unknown types are printed as bytes.
   */
  readonly typeSource?: TypeSource | undefined;
  /** Serves methods without a rule as `POST /<package.Service>/<Method>`. Default: false. */
  readonly unbound?: boolean | undefined;
  /**
   * How to handle two rules for the same requests, a rule for one of the gateway's own paths, or a
   * service of two upstreams. `reject` throws a `RuleError` that names both. `keep-first` warns and
   * serves the first. Default: `reject`.
   */
  readonly conflicts?: Conflicts | undefined;
  /**
   * Time limits for the calls of methods, in milliseconds, in place of `timeoutMs`. The keys are
   * selectors as in rules: `pkg.Service.Method`, `pkg.Service.*` or `pkg.*`. The longest one that
   * selects a method wins. `Infinity` stands for no limit. Default: none.
   */
  readonly timeouts?: Readonly<Record<string, number>> | undefined;
}

/** The options of the gateway itself, whatever server it runs in. */
export interface GatewayOptions extends GatewayUpstreams {
  /** The protocols to serve. Default: all. */
  readonly protocols?: readonly Protocol[] | undefined;
  /**
   * Takes a JSON request to the path of a method for Connect only if it says so, with the header
   * `Connect-Protocol-Version` or the parameter `connect=v1`, as its clients do. Others are REST, and
   * fail with 404 without a rule. Default: false, so that curl can call methods without a rule.
   */
  readonly requireConnectVersion?: boolean | undefined;
  /**
   * Maximum size of a response message, in bytes, for upstreams given as `host:port`. Larger ones
   * fail with RESOURCE_EXHAUSTED. Default: 4 MiB, as in gRPC.
   */
  readonly maxResponseBytes?: number | undefined;
  /**
   * The gateway's own paths. `false` disables one. Default: `/openapi.json`, `/docs`, and, with
   * `createGateway`, `/healthz` and `/console`.
   */
  readonly paths?:
    | {
        readonly openApi?: string | false;
        readonly docs?: string | false;
        readonly health?: string | false;
        readonly console?: string | false;
      }
    | undefined;
  /** Called for suspicious rules that can be served. Default: logs to `console.warn`. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /**
   * The JSON form of messages. Default: field names in lowerCamelCase, without default values,
   * ignoring unknown fields. Unknown enum names are always rejected, and so are unknown fields in a
   * PATCH without an `update_mask`.
   */
  readonly json?: Pick<JsonOptions, "fieldNames" | "emitDefaults" | "ignoreUnknownFields"> | undefined;
  /** Rejects unknown query parameters with INVALID_ARGUMENT. Default: false, which ignores them. */
  readonly rejectUnknownParameters?: boolean | undefined;
  /**
   * Maximum size of a body, or of one line or frame of a stream, in bytes. Default: 4 MiB, as in
   * gRPC.
   */
  readonly bodyLimit?: number | undefined;
  /**
   * Maximum number of elements in a JSON body, line or frame; larger ones fail with 413. A message
   * counts as one, plus one for each field of its type. List items and map entries count as one
   * each. Default: 1,000,000, which take less than 100 MiB of memory.
   */
  readonly elementLimit?: number | undefined;
  /** Time limit for a body, or for the next chunk of a stream, in milliseconds. Default: 30,000. */
  readonly bodyTimeoutMs?: number | undefined;
  /** Time limit for a call, in milliseconds. `Grpc-Timeout` may shorten it. Default: unlimited. */
  readonly timeoutMs?: number | undefined;
  /** Maximum number of concurrent calls. Further ones fail with 503. Default: 10,000. */
  readonly maxCalls?: number | undefined;
  /**
   * Maximum number of concurrent calls for one IPv4 address or IPv6 /64 network. Further ones fail
   * with 429. Default: half of `maxCalls`.
   */
  readonly maxCallsPerAddress?: number | undefined;
  /** Concurrent calls on a connection to an upstream before another one opens. Default: 100. */
  readonly callsPerConnection?: number | undefined;
  /**
   * Request headers to forward as metadata, in addition to `Authorization`, `Grpc-Metadata-*`,
   * `Traceparent`, `Tracestate`, `Baggage` and `Last-Event-ID`. Headers that only the gateway sets
   * (`X-Forwarded-*`, `Forwarded`, `X-Request-Id`, …) throw a TypeError. Default: none.
   */
  readonly forwardHeaders?: readonly string[] | undefined;
  /**
   * Response metadata to send as headers under the same name, such as `set-cookie`, `etag` or
   * `location`, instead of as `Grpc-Metadata-*` or `Grpc-Trailer-*`. Default: none.
   */
  readonly responseHeaders?: readonly string[] | undefined;
  /**
   * The response metadata that sets the HTTP status of a successful call with one response, 200 to
   * 399. grpc-gateway's convention is `x-http-code`. Default: none.
   */
  readonly statusMetadata?: string | undefined;
  /** Additional content of the OpenAPI document. `false` disables `/openapi.json` and `/docs`. */
  readonly openApi?: Omit<OpenApiOptions, "fieldNames" | "emitDefaults"> | false | undefined;
  /**
   * Milliseconds that calls in flight have to finish after `close()`, before they are cancelled.
   * Default: 10,000.
   */
  readonly graceMs?: number | undefined;
  /**
   * Other origins whose pages may open a WebSocket, which browsers allow without a CORS preflight.
   * `*`: all. Default: none.
   */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Lets pages of other origins read responses. Default: none may. */
  readonly cors?: CorsOptions | undefined;
  /**
   * Logs one line for each request: HTTP method, path and status, protocol, gRPC status, and
   * duration. Default: no log.
   */
  readonly logger?: GatewayLogger | undefined;
  /** Functions that take part in calls: authentication, headers, errors, formats. Default: none. */
  readonly hooks?: GatewayHooks | undefined;
  /**
   * Observes each request and its call to the upstream, for traces and metrics:
   * `gatewayTelemetry()` of `@grpc-study/otel/gateway`. Default: none.
   */
  readonly observe?: GatewayObserver | undefined;
}

/** The console, where a gateway serves it. */
export interface ConsoleOption {
  /**
   * Serves the console at `/console`: a page that shows the services and calls their methods. It
   * needs the package `@grpc-study/console` and the protocol `connect`. `readOnly` shows services
   * without calling them; `links` are links of its header. Default: with `listen`, if the package is
   * installed, while the gateway listens on loopback addresses alone; in another server, `false`.
   */
  readonly console?: boolean | ConsoleOptions | undefined;
}

/** The options of `createGateway`. */
export interface GatewayServerOptions extends GatewayOptions, ConsoleOption {
  /** TLS for clients of `listen`. Default: plaintext HTTP/1.1 and HTTP/2. */
  readonly tls?: ServerTls | undefined;
  /** Limits on client connections of `listen`. */
  readonly limits?: ConnectionLimits | undefined;
  /**
   * Proxies whose `X-Forwarded-For`, `-Host` and `-Proto` headers to trust: addresses, subnets in
   * CIDR notation, or `true` for all peers. Default: none; the `x-forwarded-*` metadata describes
   * the connection.
   */
  readonly trustProxy?: TrustProxy | undefined;
  /**
   * Host names to serve, each with its port or for all ports. `*`: all. Other hosts fail with 421.
   * Default: with `listen` on loopback `localhost`, `127.0.0.1`, `[::1]` and the bound address,
   * because other sites can resolve their own names to a loopback address (DNS rebinding).
   * Otherwise all.
   */
  readonly allowedHosts?: readonly string[] | undefined;
}
