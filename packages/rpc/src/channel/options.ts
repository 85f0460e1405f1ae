// What a channel can be told, what it is otherwise, and what is wrong with it.
import {
  checkBoolean,
  checkFunction,
  checkNumber,
  checkObject,
  checkOptionNames,
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

/** How calls are spread over the addresses of a target. */
export type Balancing = "pick_first" | "round_robin";

/** Options of a channel. Times are milliseconds. */
export interface ChannelOptions extends RetryChannelOptions {
  /** TLS, or mutual TLS; `true` trusts the authorities that Node knows. Default: plaintext. */
  readonly tls?: ClientTls | boolean | undefined;
  /**
   * How long a call, or `connect()`, waits for a connection; then it fails with UNAVAILABLE. A call fails sooner if an attempt to connect fails, and a call with
   * `waitForReady` waits on. It is also how long one attempt to connect to one address may take, with TLS and the server's SETTINGS: a server that
   * accepts the connection and stays silent loses it then, and the next attempt begins after the back-off. Default: 20,000. With `Infinity`, calls
   * wait for ever, and an attempt takes 20,000.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * `pick_first`: all calls go to the first address that answers; a name's IPv6 and IPv4 addresses are tried in turn, 250 ms apart. `round_robin`: the channel
   * keeps a connection to each address, and calls go to them in turn. Default: what `serviceConfig` asks for, or `pick_first`.
   */
  readonly balancing?: Balancing | undefined;
  /**
   * A channel without calls for so long, or up to a quarter longer, closes its connections; the next call connects again. `Infinity`: never. Default: 1,800,000, half
   * an hour.
   */
  readonly idleTimeoutMs?: number | undefined;
  /** How long the channel waits between failed attempts to connect. */
  readonly backoff?: BackoffOptions | undefined;
  /**
   * How often the name is resolved, while the channel is not idle: addresses that are new are used from then on, and those that are gone are left. It is resolved
   * again when a connection fails, too, at most once a second. Default: 30,000.
   */
  readonly dnsRefreshMs?: number | undefined;
  /** The `:authority` of calls, which is also the name that the server's certificate must have unless `tls.serverName` says another. Default: the target's. */
  readonly authority?: string | undefined;
  /**
   * An HTTP proxy that opens tunnels: `http://host:port`, with `user:password@` if it asks for one. The proxy resolves the name. `false`: none. Default for targets with a
   * name: what the first of `grpc_proxy`, `https_proxy`, `HTTPS_PROXY` and `http_proxy` in the environment says, unless `no_grpc_proxy` or `no_proxy` lists the
   * host, or it is this machine.
   */
  readonly proxy?: string | false | undefined;
  /** What the server may send, and when it counts as gone; each limit says its unit and its default. */
  readonly limits?: { readonly [Name in keyof ChannelLimits]?: ChannelLimits[Name] | undefined } | undefined;
  /** Whether channels of the same target and options share their connections in this process. Default: true. */
  readonly pool?: boolean | undefined;
  /** Called after each change of `channel.state`, except by `close()`: for logs and metrics. With `failed` comes the reason. */
  readonly onStateChange?: ((state: ChannelState, failure: RpcError | undefined) => void) | undefined;
}

export const channelOptionNames: Names<ChannelOptions> = {
  tls: true,
  connectTimeoutMs: true,
  balancing: true,
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

/** Hears of a channel's states. */
export type StateListener = NonNullable<ChannelOptions["onStateChange"]>;

/** The options, checked and with their defaults. */
export interface ChannelConfig {
  /** Undefined: plaintext. */
  readonly tls: ClientTls | undefined;
  readonly connectTimeoutMs: number;
  readonly balancing: Balancing;
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

/** @throws TypeError if an option does not exist or is of a wrong type, RangeError if its value is out of range. */
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
  if (authority !== undefined && !isName(authority)) throw wrongType("authority", 'a host, or "host:port"', authority);
  if (proxy !== undefined && proxy !== false && typeof proxy !== "string") throw wrongType("proxy", "a URL or false", proxy);
  checkBoolean("pool", pool);
  optional(checkFunction, "onStateChange", onStateChange);
  return {
    tls: tls === true ? {} : tls || undefined,
    connectTimeoutMs: optional(checkTime, "connectTimeoutMs", options.connectTimeoutMs) ?? 20_000,
    balancing,
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

function backoffOf(options: BackoffOptions = {}): BackoffPolicy {
  checkOptionNames("backoff", checkObject("backoff", options), backoffNames);
  const { initialMs = 1_000, factor = 1.6, maxMs = 120_000, jitter = 0.2 } = options;
  return {
    initialMs: checkTime("backoff.initialMs", initialMs),
    factor: checkNumber("backoff.factor", "a number from 1 on", factor, (number) => number >= 1 && Number.isFinite(number)),
    maxMs: checkTime("backoff.maxMs", maxMs),
    jitter: checkNumber("backoff.jitter", "a number from 0 to 1", jitter, (number) => number >= 0 && number <= 1),
  };
}

/** A host, with or without a port, as an `:authority` has it. */
function isName(value: unknown): boolean {
  return typeof value === "string" && /^[!-~]+$/.test(value) && !/[/?#@\\]/.test(value);
}
