// The options of a gateway.
import type { DescService, Registry } from "@bufbuild/protobuf";
import type { JsonOptions } from "@grpc-study/codec/json";
import type { Channel } from "@grpc-study/rpc";
import type { Conflicts } from "./http-rule/all-bindings.ts";
import type { HttpRuleInit } from "./http-rule/rule.ts";
import type { OpenApiOptions } from "./openapi/index.ts";
import type { TypeSource } from "./type-source.ts";

/** Services, and the server that has them. */
export interface Upstream {
  /** What is served: generated, or from `readDescriptors` or `reflectServices`. */
  readonly services: readonly DescService[];
  /** Where the calls go: `host:port`, a channel, or, without a socket, `server.channel()`. */
  readonly upstream: string | Channel;
  /**
   * Makes a further connection to the same server, a channel with `pool: false`, when the others have `callsPerConnection` calls. Default: for `host:port`
   * another channel; for a channel none, and calls beyond its server's limit of streams wait.
   */
  readonly connect?: (() => Channel) | undefined;
}

export interface GatewayOptions extends Upstream {
  /** More servers, each with services of its own. A service that two of them have is a conflict: see `conflicts`. Default: none. */
  readonly otherUpstreams?: readonly Upstream[] | undefined;
  /** The most bytes of a response message from upstreams that are given as `host:port`; more is RESOURCE_EXHAUSTED. Default 4 MiB, as in gRPC. */
  readonly maxResponseBytes?: number | undefined;
  /** google.api.http rules that stand beside the .proto; for the methods they select, they count instead of its own. */
  readonly rules?: readonly HttpRuleInit[] | undefined;
  /** Serve methods without a rule as `POST /<package.Service>/<Method>`. Default false. */
  readonly unbound?: boolean | undefined;
  /**
   * Two rules for the same requests, a rule for a path that the gateway answers itself, a service of two upstreams: `refuse` throws a RuleError
   * that names both, `keep-first` warns and serves the first. Default `refuse`.
   */
  readonly conflicts?: Conflicts | undefined;
  /** Where the gateway's own answers are. Default `/openapi.json`, `/docs`, and `/healthz` (`createGateway` only); `false`: nowhere. */
  readonly paths?: { readonly openApi?: string | false; readonly docs?: string | false; readonly health?: string | false } | undefined;
  /** Called with what is odd about the rules, and yet can be served. Default: logs to `console.warn`. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /**
   * How messages are JSON. Default: names of fields are lowerCamelCase, unset fields are left out, unknown fields are ignored. Unknown names of
   * enum values are always refused, and so are unknown fields of a PATCH that has no `update_mask`.
   */
  readonly json?: Pick<JsonOptions, "fieldNames" | "emitDefaults" | "ignoreUnknownFields"> | undefined;
  /** Refuse query parameters that name no field. Default false: they are ignored. */
  readonly refuseUnknownParameters?: boolean | undefined;
  /** Types that may stand in a `google.protobuf.Any`, error details included. Those of google.rpc are known. */
  readonly registry?: Registry | undefined;
  /** Where types are asked for that a `google.protobuf.Any` in a response has and nobody knows: `reflectServices` makes one. Default: they are printed as bytes. */
  readonly typeSource?: TypeSource | undefined;
  /** Bytes of a body, of a line, or of a frame. Default 4 MiB, as in gRPC. */
  readonly bodyLimit?: number | undefined;
  /**
   * Elements of one body, line or frame in JSON; more is 413. A message counts one, and one more for each field that its type has; so does
   * each item of a list or a map. Default 1,000,000, which take less than 100 MiB of memory.
   */
  readonly elementLimit?: number | undefined;
  /** Milliseconds in which a body must have come; for a stream, in which its next part must. Default 30,000. */
  readonly bodyTimeoutMs?: number | undefined;
  /** How long a call may take, in milliseconds; a `Grpc-Timeout` may shorten it. Default: for ever. */
  readonly timeoutMs?: number | undefined;
  /** Calls that run at a time; others are answered with 503. Default 10,000. */
  readonly maxCalls?: number | undefined;
  /** Calls that run at a time for one address (of IPv6 for one /64 network); others are answered with 429. Default: half of `maxCalls`. */
  readonly maxCallsPerAddress?: number | undefined;
  /** Calls that run at a time on one connection to an upstream, before a further one is made. Default 100. */
  readonly callsPerConnection?: number | undefined;
  /**
   * Headers that become metadata, besides `Authorization`, `Grpc-Metadata-*`, `Traceparent`, `Tracestate`, `Baggage` and `Last-Event-ID`. What only the
   * gateway sets (`X-Forwarded-*`, `Forwarded`, `X-Request-Id`, …) is a TypeError.
   */
  readonly forwardHeaders?: readonly string[] | undefined;
  /**
   * Response metadata that become headers by their own names, `set-cookie`, `etag` or `location`, instead of `Grpc-Metadata-*` or `Grpc-Trailer-*`.
   * Default: none.
   */
  readonly responseHeaders?: readonly string[] | undefined;
  /** The key of response metadata that sets the HTTP status of a successful call with one response, 200 to 399: `x-http-code`, as with grpc-gateway. Default: none. */
  readonly statusMetadata?: string | undefined;
  /** What `/openapi.json` says beside what the descriptors do, and `/docs` shows; `false`: neither is there. */
  readonly openApi?: Omit<OpenApiOptions, "fieldNames" | "emitDefaults"> | false | undefined;
  /** When it is closed: milliseconds in which running calls may end, before they are ended. Default 10,000. */
  readonly graceMs?: number | undefined;
  /** Other origins whose pages may open a WebSocket: browsers ask nobody before they do. `*`: all. Default: none. */
  readonly allowedOrigins?: readonly string[] | undefined;
}
