// Which settings hold for a method: those of the options first, then those of the service config.
import type { HedgingPolicy, MethodPolicy, RetryPolicy } from "./policy.ts";

/** How a call is sent again. Neither: once, besides transparent retries. */
export interface ResendPolicy {
  readonly retry?: RetryPolicy | undefined;
  readonly hedging?: HedgingPolicy | undefined;
}

/** What one entry of a configuration says. Undefined: nothing, another entry decides. */
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

/** Settings by what they hold for. */
export type SettingsByName = ReadonlyMap<string, MethodSettings>;

/** The key of all methods of all services. */
export const defaultKey = "";

/** The key of all methods of a service. */
export function serviceKey(service: string): string {
  return `/${service}/`;
}

/** The key of a method: its path. */
export function methodKey(service: string, method: string): string {
  return `/${service}/${method}`;
}

/** The keys that a method's path answers to, the most specific first. */
function keysOf(path: string): readonly string[] {
  return [path, path.slice(0, path.lastIndexOf("/") + 1), defaultKey];
}

/**
 * What holds for the method of a path; undefined if nothing is set.
 *
 * @param options each setting comes from the most specific entry that has it.
 * @param config the most specific entry counts as a whole, as the service config's specification has it.
 */
export function policyOf(path: string, options: SettingsByName, config: SettingsByName): MethodPolicy | undefined {
  const keys = keysOf(path);
  const configured = keys.map((key) => config.get(key)).find((settings) => settings !== undefined);
  const layers = [...keys.map((key) => options.get(key)), configured].filter((settings) => settings !== undefined);
  if (layers.length === 0) return undefined;
  const resend = layers.find(({ policy }) => policy !== undefined)?.policy;
  return {
    retry: resend?.retry,
    hedging: resend?.hedging,
    timeoutMs: layers.find(({ timeoutMs }) => timeoutMs !== undefined)?.timeoutMs ?? Number.POSITIVE_INFINITY,
    waitForReady: layers.find(({ waitForReady }) => waitForReady !== undefined)?.waitForReady,
    maxRequestBytes: layers.find(({ maxRequestBytes }) => maxRequestBytes !== undefined)?.maxRequestBytes ?? Number.POSITIVE_INFINITY,
    maxResponseBytes: layers.find(({ maxResponseBytes }) => maxResponseBytes !== undefined)?.maxResponseBytes ?? Number.POSITIVE_INFINITY,
  };
}
