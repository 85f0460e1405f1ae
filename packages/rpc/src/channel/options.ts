// The options of a channel: their documentation, defaults and checks.
import {
  checkBoolean,
  checkFunction,
  checkNumber,
  checkObject,
  checkOptionNames,
  checkString,
  checkTime,
  type Names,
  optional,
  wrongType,
} from "../checks.ts";
import { type ChannelLimits, defaultChannelLimits, withDefaults } from "../limits/limits.ts";
import type { RpcError } from "../protocol/error.ts";
import { type ClientTls, clientTlsNames } from "../security/tls.ts";
import type { ChannelState } from "../transport/client.ts";
import type { BackoffOptions, BackoffPolicy } from "./backoff.ts";
import { retryChannelNames } from "./retry/check-options.ts";
import type { RetryChannelOptions } from "./retry/options.ts";
import { Retries } from "./retry/retries.ts";

/** The load-balancing policy: how a channel distributes calls over the addresses of its target. */
export type Balancing = "pick_first" | "round_robin";

/** Which service a channel asks for at each address. */
export interface HealthCheckOptions {
  /** The full name of the service. Default: `""`, the server as a whole. */
  readonly service?: string | undefined;
}

/** Options of a channel. All times are in milliseconds. */
export interface ChannelOptions extends RetryChannelOptions {
  /**
   * TLS or mutual TLS. `true` uses TLS and trusts Node's default certificate authorities. Default:
   * plaintext.
   */
  readonly tls?: ClientTls | boolean | undefined;
  /**
   * How long a call or `connect()` waits for a connection before it fails with UNAVAILABLE. A call
   * fails earlier if an attempt to connect fails, and a call with `waitForReady` keeps waiting.
   *
   * The option also limits one attempt to connect to one address, including the TLS handshake and
   * the server's SETTINGS frame. If a server accepts the connection and then stays silent, the
   * channel closes the connection and tries again after the back-off.
   *
   * Default: 20,000. With `Infinity`, calls wait without limit, and an attempt takes up to 20,000.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * `pick_first` sends all calls to the first address that accepts a connection. It tries IPv6 and
   * IPv4 addresses alternately, 250 ms apart. `round_robin` keeps a connection to each address and
   * sends calls to them in turn. Default: the policy in `serviceConfig`, or `pick_first`.
   */
  readonly balancing?: Balancing | undefined;
  /**
   * Sends calls only to addresses whose health service says SERVING (gRFC A17). The channel keeps a
   * call of `grpc.health.v1.Health/Watch` on each connection. An address without a health service
   * counts as healthy. If no address is healthy, calls fail with UNAVAILABLE, and calls with
   * `waitForReady` wait. Requires `balancing: "round_robin"`. `false` also disables
   * `healthCheckConfig` in `serviceConfig`. Default: the setting in `serviceConfig`, or none.
   *
   * @example
   * createChannel("dns:shop:50051", { balancing: "round_robin", healthCheck: { service: "shop.v1.Orders" } });
   */
  readonly healthCheck?: HealthCheckOptions | false | undefined;
  /**
   * The channel closes its connections after this time without calls, or up to a quarter later. The
   * next call connects again. `Infinity` keeps the connections. Default: 1,800,000 (half an hour).
   */
  readonly idleTimeoutMs?: number | undefined;
  /** The back-off between failed attempts to connect. */
  readonly backoff?: BackoffOptions | undefined;
  /**
   * The interval at which the channel resolves the name again while it is not idle. The channel
   * then connects to new addresses and drains connections to removed ones. A failed connection also
   * triggers a resolution, at most once a second. Default: 30,000.
   */
  readonly dnsRefreshMs?: number | undefined;
  /**
   * The `:authority` of calls. The server's certificate must also match its host, unless
   * `tls.serverName` is set. Default: `tls.serverName`, or the target's host and port.
   */
  readonly authority?: string | undefined;
  /**
   * The URL of an HTTP proxy that supports CONNECT: `http://host:port`, or
   * `http://user:password@host:port`. The proxy resolves the target's name. `false` uses no proxy.
   *
   * Default for targets with a host name: the first of the environment variables `grpc_proxy`,
   * `https_proxy`, `HTTPS_PROXY` and `http_proxy` that is set, unless `no_grpc_proxy` or `no_proxy`
   * lists the host or the host is this machine.
   */
  readonly proxy?: string | false | undefined;
  /**
   * Limits for what the server may send, and keepalive. Each limit documents its unit and its
   * default.
   */
  readonly limits?: { readonly [Name in keyof ChannelLimits]?: ChannelLimits[Name] | undefined } | undefined;
  /** Whether channels with equal targets and options share their connections. Default: true. */
  readonly pool?: boolean | undefined;
  /**
   * Called after each change of `channel.state`, except after `close()`. Intended for logs and
   * metrics. `failure` is set if the state is `failed`.
   */
  readonly onStateChange?: ((state: ChannelState, failure: RpcError | undefined) => void) | undefined;
}

export const channelOptionNames: Names<ChannelOptions> = {
  tls: true,
  connectTimeoutMs: true,
  balancing: true,
  healthCheck: true,
  idleTimeoutMs: true,
  backoff: true,
  dnsRefreshMs: true,
  authority: true,
  proxy: true,
  limits: true,
  pool: true,
  onStateChange: true,
  ...retryChannelNames,
};

const backoffNames: Names<BackoffOptions> = { initialMs: true, factor: true, maxMs: true, jitter: true };

const healthCheckNames: Names<HealthCheckOptions> = { service: true };

/** Receives the state changes of a channel. */
export type StateListener = NonNullable<ChannelOptions["onStateChange"]>;

/** Checked options with defaults applied. */
export interface ChannelConfig {
  /** Undefined for plaintext. */
  readonly tls: ClientTls | undefined;
  readonly connectTimeoutMs: number;
  readonly balancing: Balancing;
  /** Undefined without health checks. Set only with `round_robin`. */
  readonly healthService: string | undefined;
  readonly idleTimeoutMs: number;
  readonly backoff: BackoffPolicy;
  readonly dnsRefreshMs: number;
  readonly authority: string | undefined;
  readonly proxy: string | false | undefined;
  readonly limits: ChannelLimits;
  readonly pool: boolean;
  readonly onStateChange: StateListener | undefined;
  readonly retries: Retries;
}

/** @throws TypeError for an unknown option or a wrong type. RangeError for a value out of range. */
export function readOptions(where: string, options: ChannelOptions): ChannelConfig {
  checkOptionNames(where, options, channelOptionNames);
  const retries = new Retries(options);
  const { tls, balancing = retries.balancing ?? "pick_first", authority, proxy, pool = true, onStateChange } = options;
  if (tls !== undefined && typeof tls !== "boolean" && (typeof tls !== "object" || tls === null)) {
    throw wrongType("tls", "true, false or an object", tls);
  }
  if (typeof tls === "object") checkOptionNames("tls", tls, clientTlsNames);
  if (typeof tls === "object" && tls.serverName !== undefined && !isName(tls.serverName)) {
    throw wrongType("tls.serverName", "a host", tls.serverName);
  }
  if (balancing !== "pick_first" && balancing !== "round_robin") throw wrongType("balancing", '"pick_first" or "round_robin"', balancing);
  if (authority !== undefined && !isName(authority)) throw wrongType("authority", 'a host or "host:port"', authority);
  if (proxy !== undefined && proxy !== false && typeof proxy !== "string") throw wrongType("proxy", "a URL or false", proxy);
  checkBoolean("pool", pool);
  optional(checkFunction, "onStateChange", onStateChange);
  return {
    tls: tls === true ? {} : tls || undefined,
    connectTimeoutMs: optional(checkTime, "connectTimeoutMs", options.connectTimeoutMs) ?? 20_000,
    balancing,
    healthService: healthServiceOf(options.healthCheck, balancing, retries),
    idleTimeoutMs: optional(checkTime, "idleTimeoutMs", options.idleTimeoutMs) ?? 30 * 60_000,
    backoff: backoffOf(options.backoff),
    dnsRefreshMs: optional(checkTime, "dnsRefreshMs", options.dnsRefreshMs) ?? 30_000,
    authority,
    proxy,
    limits: withDefaults(defaultChannelLimits, options.limits),
    pool,
    onStateChange,
    retries,
  };
}

function healthServiceOf(option: unknown, balancing: Balancing, { healthService }: Retries): string | undefined {
  if (option === false) return undefined;
  // As in other implementations, a service config with pick_first has no health checks (gRFC A17).
  if (option === undefined) return balancing === "round_robin" ? healthService : undefined;
  const given = checkObject("healthCheck", option);
  checkOptionNames("healthCheck", given, healthCheckNames);
  if (balancing !== "round_robin") throw new TypeError(`healthCheck requires balancing: "round_robin", got ${JSON.stringify(balancing)}`);
  return optional(checkString, "healthCheck.service", given["service"]) ?? "";
}

function backoffOf(options: BackoffOptions = {}): BackoffPolicy {
  checkOptionNames("backoff", checkObject("backoff", options), backoffNames);
  const { initialMs = 1_000, factor = 1.6, maxMs = 120_000, jitter = 0.2 } = options;
  return {
    initialMs: checkTime("backoff.initialMs", initialMs),
    factor: checkNumber("backoff.factor", "a number of at least 1", factor, (number) => number >= 1 && Number.isFinite(number)),
    maxMs: checkTime("backoff.maxMs", maxMs),
    jitter: checkNumber("backoff.jitter", "a number from 0 to 1", jitter, (number) => number >= 0 && number <= 1),
  };
}

/** Whether a value is a host with an optional port, as in an `:authority`. */
function isName(value: unknown): boolean {
  return typeof value === "string" && /^[!-~]+$/.test(value) && !/[/?#@\\]/.test(value);
}
