// Rate limits on the server: an interceptor that rejects calls above a rate.
import {
  checkBoolean,
  checkCount,
  checkNumber,
  checkObject,
  checkOptionNames,
  checkString,
  type Names,
  outOfRange,
  wrongType,
} from "../checks.ts";
import { now } from "../long-timer.ts";
import { Code } from "../protocol/code.ts";
import { detail, RpcError } from "../protocol/error.ts";
import { RetryInfoSchema } from "../protocol/error-details.ts";
import { methodPath } from "../protocol/method.ts";
import type { ServerCall, ServerInterceptor } from "../server/context.ts";
import { listed, type ServiceOrMethod } from "./except.ts";
import { addressOf } from "./peer-address.ts";
import { TokenBuckets } from "./token-buckets.ts";

/**
 * What has a limit of its own: each caller by its address (`peer`), each method, or each key that a
 * function returns. A call for which the function returns `undefined` has no limit.
 */
export type RateLimitKey = "peer" | "method" | ((call: ServerCall) => string | undefined);

/** Options of `rateLimit()`. */
export interface RateLimitOptions {
  /**
   * What the limit applies to. With several keys, each combination has a limit of its own:
   * `["peer", "method"]`. `peer` is the IP address of the connection, without its port, and the
   * first 64 bits of an IPv6 address. Behind a proxy, that is the address of the proxy.
   */
  readonly per: RateLimitKey | readonly RateLimitKey[];
  /** Calls per second, in the long run. 0.1 is one call in ten seconds. */
  readonly rate: number;
  /**
   * The number of calls that may arrive at once after a pause, an integer. Default: `rate`, rounded
   * up.
   */
  readonly burst?: number | undefined;
  /**
   * The number of keys that the process keeps, which bounds the memory: about 300 bytes each at most.
   * Beyond it, the key that has been unused for the longest time starts anew. Default: 10,000.
   */
  readonly maxKeys?: number | undefined;
  /** Services and methods without a limit. Default: none. */
  readonly except?: readonly ServiceOrMethod[] | undefined;
  /**
   * Whether the limit applies to `grpc.health.v1.Health` as well. An orchestrator restarts a server
   * that rejects its probes. Default: false.
   */
  readonly health?: boolean | undefined;
}

const names: Names<RateLimitOptions> = { per: true, rate: true, burst: true, maxKeys: true, except: true, health: true };

const keys = { peer: ({ peer }: ServerCall) => addressOf(peer), method: ({ method }: ServerCall) => methodPath(method) } as const;

/**
 * Returns an interceptor that limits the rate of calls with a token bucket for each key. A call of
 * any kind is one token, however many messages it has. A call above the limit ends with
 * RESOURCE_EXHAUSTED, before its request is read. `google.rpc.RetryInfo` and
 * `grpc-retry-pushback-ms` say when the next call is accepted.
 *
 * The buckets are in the memory of this process: each of several processes has limits of its own.
 *
 * @example
 * createServer({ interceptors: [rateLimit({ per: "peer", rate: 50, burst: 100 })] });
 *
 * @throws TypeError or RangeError if an option is unknown or invalid.
 */
export function rateLimit(options: RateLimitOptions): ServerInterceptor {
  checkOptionNames("rateLimit()", checkObject("the options of rateLimit()", options), names);
  const { per, maxKeys = 10_000, except = [], health = false } = options;
  const rate = checkNumber("rate", "a positive number of calls per second", options.rate, (rate) => rate > 0 && Number.isFinite(rate));
  const { burst = Math.ceil(rate) } = options;
  checkNumber("burst", "an integer of at least 1", burst, (burst) => Number.isInteger(burst) && burst >= 1);
  checkCount("maxKeys", maxKeys);
  const unlimited = listed("except", except);
  const limitsHealth = checkBoolean("health", health);
  const keyOf = joined(Array.isArray(per) ? per.map((key, index) => checkKey(`per[${index}]`, key)) : [checkKey("per", per)]);
  const buckets = new TokenBuckets(rate, burst, maxKeys);
  const limiting: ServerInterceptor = (call, next) => {
    const { method } = call;
    if (unlimited(method) || (!limitsHealth && method.parent.typeName === "grpc.health.v1.Health")) return next();
    const key = keyOf(call);
    const waitMs = key === undefined ? 0 : buckets.take(key, now());
    if (waitMs > 0) throw exhausted(Math.ceil(waitMs));
    return next();
  };
  return limiting;
}

function checkKey(name: string, key: unknown): (call: ServerCall) => string | undefined {
  if (key === "peer" || key === "method") return keys[key];
  if (typeof key === "string") throw outOfRange(name, '"peer", "method" or a function', key);
  if (typeof key !== "function") throw wrongType(name, '"peer", "method" or a function', key);
  return (call) => checkPart(name, key(call));
}

/** Joins the parts of a key. A part may contain any character, so its length precedes it. */
function joined(parts: readonly ((call: ServerCall) => string | undefined)[]): (call: ServerCall) => string | undefined {
  const [first] = parts;
  if (first === undefined) throw outOfRange("per", "at least one key", parts);
  if (parts.length === 1) return first;
  return (call) => {
    let key = "";
    for (const part of parts) {
      const text = part(call);
      if (text === undefined) return undefined;
      key += `${text.length}:${text}`;
    }
    return key;
  };
}

/** @param name the name of the function that returned the part. */
function checkPart(name: string, part: unknown): string | undefined {
  return part === undefined ? undefined : checkString(`what the function \`${name}\` of rateLimit() returns`, part);
}

function exhausted(waitMs: number): RpcError {
  const retryDelay = { seconds: BigInt(Math.floor(waitMs / 1000)), nanos: (waitMs % 1000) * 1_000_000 };
  return new RpcError(Code.RESOURCE_EXHAUSTED, `too many calls, try again in ${waitMs} ms`, {
    details: [detail(RetryInfoSchema, { retryDelay })],
    retryAfterMs: Math.min(waitMs, 2 ** 31 - 1),
  });
}
