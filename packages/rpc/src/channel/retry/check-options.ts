// Checks the retry options of a channel and turns them into policies.
import {
  checkArray,
  checkBoolean,
  checkCount,
  checkNumber,
  checkObject,
  checkOptionNames,
  checkTime,
  type Names,
  optional,
  outOfRange,
  wrongType,
} from "../../checks.ts";
import { attemptLimit, checkCodes, checkMs, checkMultiplier } from "./field-checks.ts";
import { type MethodSettings, methodKey, serviceKey } from "./method-settings.ts";
import type {
  HedgingOptions,
  MethodOptions,
  RetryBufferOptions,
  RetryChannelOptions,
  RetryOptions,
  RetryThrottlingOptions,
} from "./options.ts";
import type { HedgingPolicy, RetryPolicy, ThrottlingPolicy } from "./policy.ts";

export const retryChannelNames: Names<RetryChannelOptions> = {
  retry: true,
  methods: true,
  retryThrottling: true,
  retryBuffer: true,
  serviceConfig: true,
};

const retryNames: Names<RetryOptions> = {
  codes: true,
  maxAttempts: true,
  initialBackoffMs: true,
  maxBackoffMs: true,
  backoffMultiplier: true,
};
const hedgingNames: Names<HedgingOptions> = { maxAttempts: true, delayMs: true, nonFatalCodes: true };
const throttlingNames: Names<RetryThrottlingOptions> = { maxTokens: true, tokenRatio: true };
const bufferNames: Names<RetryBufferOptions> = { perCallBytes: true, perChannelBytes: true };
const methodNames: Record<keyof MethodOptions, true> = {
  service: true,
  method: true,
  retry: true,
  hedging: true,
  timeoutMs: true,
  waitForReady: true,
  maxRequestBytes: true,
  maxResponseBytes: true,
};

/** @throws TypeError or RangeError that names the field and the value. */
export function retryPolicyOf(path: string, options: RetryOptions): RetryPolicy {
  checkOptionNames(path, checkObject(path, options), retryNames);
  const { codes, maxAttempts = 4, initialBackoffMs = 100, maxBackoffMs = 1_000, backoffMultiplier = 2 } = options;
  const policy = {
    maxAttempts: checkAttempts(`${path}.maxAttempts`, maxAttempts),
    initialBackoffMs: checkMs(`${path}.initialBackoffMs`, initialBackoffMs, false),
    maxBackoffMs: checkMs(`${path}.maxBackoffMs`, maxBackoffMs, false),
    backoffMultiplier: checkMultiplier(`${path}.backoffMultiplier`, backoffMultiplier),
    codes: checkFailureCodes(`${path}.codes`, codes),
  };
  if (policy.codes === 0) throw outOfRange(`${path}.codes`, "at least one status code", codes);
  return policy;
}

/** @throws TypeError or RangeError. */
function hedgingPolicyOf(path: string, options: HedgingOptions): HedgingPolicy {
  checkOptionNames(path, checkObject(path, options), hedgingNames);
  return {
    maxAttempts: checkAttempts(`${path}.maxAttempts`, options.maxAttempts),
    delayMs: checkMs(`${path}.delayMs`, options.delayMs, true),
    nonFatalCodes: checkFailureCodes(`${path}.nonFatalCodes`, options.nonFatalCodes ?? []),
  };
}

function checkAttempts(path: string, value: unknown): number {
  return checkNumber(
    path,
    `an integer from 2 to ${attemptLimit}`,
    value,
    (count) => Number.isInteger(count) && count >= 2 && count <= attemptLimit,
  );
}

function checkFailureCodes(path: string, value: unknown): number {
  const codes = checkCodes(path, value);
  if (codes & 1) throw outOfRange(path, "codes of failed calls", value);
  return codes;
}

/** @throws TypeError or RangeError. */
export function throttlingOf(path: string, options: RetryThrottlingOptions): ThrottlingPolicy {
  checkOptionNames(path, checkObject(path, options), throttlingNames);
  return {
    maxTokens: checkNumber(`${path}.maxTokens`, "a number above 0, up to 1,000", options.maxTokens, (count) => count > 0 && count <= 1_000),
    tokenRatio: checkMultiplier(`${path}.tokenRatio`, options.tokenRatio),
  };
}

/** @throws TypeError or RangeError. */
export function bufferLimits(path: string, options: RetryBufferOptions): [perCallBytes: number, perChannelBytes: number] {
  checkOptionNames(path, checkObject(path, options), bufferNames);
  const { perCallBytes = 2 ** 20, perChannelBytes = 2 ** 24 } = options;
  return [checkBytes(`${path}.perCallBytes`, perCallBytes), checkBytes(`${path}.perChannelBytes`, perChannelBytes)];
}

function checkBytes(path: string, value: unknown): number {
  return checkCount(path, value, 0);
}

/**
 * The settings in `methods`, keyed by `methodKey` or `serviceKey`.
 * @throws TypeError or RangeError.
 */
export function methodSettings(path: string, methods: readonly MethodOptions[]): Map<string, MethodSettings> {
  const settings = new Map<string, MethodSettings>();
  for (const [index, options] of checkArray(path, methods).entries()) {
    const at = `${path}[${index}]`;
    const entry = options as MethodOptions;
    checkOptionNames(at, checkObject(at, entry), methodNames);
    const key = keyOf(at, entry);
    if (settings.has(key)) throw new TypeError(`${at} is a second entry for ${key}: merge the two entries`);
    settings.set(key, settingsOf(at, entry));
  }
  return settings;
}

function keyOf(path: string, { service, method }: MethodOptions): string {
  if (method !== undefined && (typeof method !== "string" || method === ""))
    throw wrongType(`${path}.method`, "the name of a method", method);
  if (typeof service === "string") {
    if (!/^[^/\s]+$/.test(service)) throw outOfRange(`${path}.service`, 'a service, or its full name such as "shop.v1.Orders"', service);
    return method === undefined ? serviceKey(service) : methodKey(service, method);
  }
  if (typeof service?.typeName !== "string" || service.kind !== "service") {
    throw wrongType(`${path}.service`, 'a service, or its full name such as "shop.v1.Orders"', service);
  }
  if (method === undefined) return serviceKey(service.typeName);
  const found = service.methods.find(({ name, localName }) => name === method || localName === method);
  if (found === undefined) {
    const names = service.methods.map(({ localName }) => localName).join(", ");
    throw outOfRange(`${path}.method`, `a method of ${service.typeName} (${names})`, method);
  }
  return methodKey(service.typeName, found.name);
}

function settingsOf(path: string, options: MethodOptions): MethodSettings {
  const { retry, hedging, timeoutMs, waitForReady, maxRequestBytes, maxResponseBytes } = options;
  if (retry !== undefined && hedging !== undefined) throw new TypeError(`${path} takes either retry or hedging, got both`);
  return {
    policy:
      hedging !== undefined
        ? { hedging: hedgingPolicyOf(`${path}.hedging`, hedging) }
        : retry === undefined
          ? undefined
          : { retry: retry === false ? undefined : retryPolicyOf(`${path}.retry`, retry) },
    timeoutMs: optional(checkTime, `${path}.timeoutMs`, timeoutMs),
    waitForReady: optional(checkBoolean, `${path}.waitForReady`, waitForReady),
    maxRequestBytes: optional(checkBytes, `${path}.maxRequestBytes`, maxRequestBytes),
    maxResponseBytes: optional(checkBytes, `${path}.maxResponseBytes`, maxResponseBytes),
  };
}
