// The limits for clients of the gateway's own server, for both versions of HTTP.
import type { ServerOptions } from "node:http";
import type { ServerLimits } from "@grpc-study/rpc/transport";
import { count, objectOf, time } from "../check-values.ts";

/** Limits on connections. */
export interface ConnectionLimits {
  /** Maximum size of the request line and the headers, in bytes. Default: 16 KiB, as in Node. */
  readonly maxHeaderBytes?: number | undefined;
  /** Maximum number of connections of each address. Further ones are closed. Default: 10,000. */
  readonly maxConnections?: number | undefined;
  /** Maximum number of concurrent streams on an HTTP/2 connection. Default: 100. */
  readonly maxConcurrentStreams?: number | undefined;
  /**
   * Time limit for the request headers, and for each step before: the TLS handshake and the HTTP/2
   * preface. In milliseconds. Default: 10,000.
   */
  readonly headersTimeoutMs?: number | undefined;
  /** Milliseconds after which an idle connection is closed. Default: 72,000. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /**
   * Maximum number of concurrent requests on an HTTP/1.1 connection, which is paused at the limit.
   * Default: 16.
   */
  readonly maxPipelined?: number | undefined;
}

export type AllLimits = { readonly [Name in keyof ConnectionLimits]-?: number };

const defaults: AllLimits = {
  maxHeaderBytes: 16 * 1024,
  maxConnections: 10_000,
  maxConcurrentStreams: 100,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 72_000,
  maxPipelined: 16,
};

const checkLimits = objectOf(Object.fromEntries(Object.keys(defaults).map((name) => [name, name.endsWith("Ms") ? time : count])));

/** @throws TypeError or RangeError that names the limit. */
export function withDefaults(limits: ConnectionLimits = {}): AllLimits {
  checkLimits("limits", limits);
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

export function http1Options({ maxHeaderBytes, headersTimeoutMs, keepAliveTimeoutMs }: AllLimits): ServerOptions {
  return {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    requestTimeout: 0,
    noDelay: true,
    // A request without a body, such as a GET, needs no events. Node 22 ignores the option.
    optimizeEmptyRequests: true,
    // Node's default interval of 30 s would turn a timeout of 10 s into up to 40 s.
    connectionsCheckingInterval: Math.min(headersTimeoutMs / 4, 1_000),
  };
}

/** The flood limits of the transport, such as `controlFramesPerSecond`, keep their defaults. */
export function http2Limits(limits: AllLimits): Partial<ServerLimits> {
  return {
    maxMetadataBytes: limits.maxHeaderBytes,
    maxConcurrentStreams: limits.maxConcurrentStreams,
    handshakeTimeoutMs: limits.headersTimeoutMs,
    maxConnectionIdleMs: limits.keepAliveTimeoutMs,
    // A client that answers no PING is gone. It cannot answer within a header block.
    keepaliveTimeMs: limits.headersTimeoutMs,
    keepaliveTimeoutMs: limits.headersTimeoutMs * 2,
    // The window of a stream grows with its reader. A slow one does not need more.
    maxWindowBytes: 1024 * 1024,
  };
}
