// Finds the settings of a method. The channel's options take precedence over the service config.
import type { HedgingPolicy, MethodPolicy, RetryPolicy } from "./policy.ts";

/** Retry or hedging. Without either, only transparent retries apply. */
export interface ResendPolicy {
  readonly retry?: RetryPolicy | undefined;
  readonly hedging?: HedgingPolicy | undefined;
}

/** The settings in one entry of a configuration. Another entry supplies undefined settings. */
export interface MethodSettings {
  readonly policy: ResendPolicy | undefined;
  readonly timeoutMs: number | undefined;
  readonly waitForReady: boolean | undefined;
  readonly maxRequestBytes: number | undefined;
  readonly maxResponseBytes: number | undefined;
}

export const emptySettings: MethodSettings = {
  policy: undefined,
  timeoutMs: undefined,
  waitForReady: undefined,
  maxRequestBytes: undefined,
  maxResponseBytes: undefined,
};

/** Settings by `methodKey`, `serviceKey` or `defaultKey`. */
export type SettingsByName = ReadonlyMap<string, MethodSettings>;

/** The key for all methods of all services. */
export const defaultKey = "";

/** The key for all methods of a service. */
export function serviceKey(service: string): string {
  return `/${service}/`;
}

/** The key of a method: its path. */
export function methodKey(service: string, method: string): string {
  return `/${service}/${method}`;
}

/** The keys that match a method's path, the most specific first. */
function keysOf(path: string): readonly string[] {
  return [path, path.slice(0, path.lastIndexOf("/") + 1), defaultKey];
}

/**
 * Returns the policy for the method of a path, or undefined if nothing is configured for it.
 *
 * @param options each setting comes from the most specific entry that has it.
 * @param config only the most specific entry applies, as service_config.md specifies.
 */
export function policyOf(path: string, options: SettingsByName, config: SettingsByName): MethodPolicy | undefined {
  const keys = keysOf(path);
  const configured = keys.map((key) => config.get(key)).find((settings) => settings !== undefined);
  const entries = [...keys.map((key) => options.get(key)), configured].filter((settings) => settings !== undefined);
  if (entries.length === 0) return undefined;
  const resend = entries.find(({ policy }) => policy !== undefined)?.policy;
  return {
    retry: resend?.retry,
    hedging: resend?.hedging,
    timeoutMs: entries.find(({ timeoutMs }) => timeoutMs !== undefined)?.timeoutMs ?? Number.POSITIVE_INFINITY,
    waitForReady: entries.find(({ waitForReady }) => waitForReady !== undefined)?.waitForReady,
    maxRequestBytes: entries.find(({ maxRequestBytes }) => maxRequestBytes !== undefined)?.maxRequestBytes ?? Number.POSITIVE_INFINITY,
    maxResponseBytes: entries.find(({ maxResponseBytes }) => maxResponseBytes !== undefined)?.maxResponseBytes ?? Number.POSITIVE_INFINITY,
  };
}
