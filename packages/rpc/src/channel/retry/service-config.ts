// Parses service configs (https://github.com/grpc/grpc/blob/master/doc/service_config.md): the JSON
// form of grpc.service_config.ServiceConfig. Like other implementations, the parser ignores unknown
// fields and treats null as an absent field.
import { checkArray, checkBoolean, checkNumber, checkObject, checkString, outOfRange, wrongType } from "../../checks.ts";
import { attemptLimit, checkCodes, checkMultiplier, longestMs } from "./field-checks.ts";
import { defaultKey, type MethodSettings, methodKey, serviceKey } from "./method-settings.ts";
import type { HedgingPolicy, RetryPolicy, ThrottlingPolicy } from "./policy.ts";

/** The supported balancing policies. */
export type BalancingName = "pick_first" | "round_robin";

/** A parsed service config. */
export interface ServiceConfig {
  readonly methods: ReadonlyMap<string, MethodSettings>;
  readonly throttling: ThrottlingPolicy | undefined;
  readonly balancing: BalancingName | undefined;
  /** The service of `healthCheckConfig`. `""` stands for the server as a whole. */
  readonly healthService: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws TypeError or RangeError that contains the path and the value of the field. */
export function parseServiceConfig(config: string | object): ServiceConfig {
  const path = "serviceConfig";
  const fields = checkObject(path, typeof config === "string" ? parseJson(path, config) : config);
  return {
    methods: methodsOf(`${path}.methodConfig`, fields["methodConfig"]),
    throttling: optional(fields["retryThrottling"], (value) => throttlingOf(`${path}.retryThrottling`, value)),
    balancing:
      optional(fields["loadBalancingConfig"], (value) => balancingOf(`${path}.loadBalancingConfig`, value)) ??
      optional(fields["loadBalancingPolicy"], (value) => balancingNamed(`${path}.loadBalancingPolicy`, value)),
    healthService: optional(fields["healthCheckConfig"], (value) => healthServiceOf(`${path}.healthCheckConfig`, value)),
  };
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TypeError(`${path} is not valid JSON: ${(error as Error).message}`);
  }
}

function optional<Value>(value: unknown, read: (value: unknown) => Value): Value | undefined {
  return value === undefined || value === null ? undefined : read(value);
}

function methodsOf(path: string, value: unknown): Map<string, MethodSettings> {
  const methods = new Map<string, MethodSettings>();
  for (const [index, each] of checkArray(path, value ?? []).entries()) {
    const at = `${path}[${index}]`;
    const fields = checkObject(at, each);
    const settings = settingsOf(at, fields);
    for (const [position, name] of checkArray(`${at}.name`, fields["name"]).entries()) {
      const key = keyOf(`${at}.name[${position}]`, name);
      if (methods.has(key)) throw new TypeError(`${at}.name[${position}] is a second configuration of ${key === "" ? "all methods" : key}`);
      methods.set(key, settings);
    }
  }
  return methods;
}

function keyOf(path: string, value: unknown): string {
  const { service, method } = checkObject(path, value);
  for (const [field, name] of Object.entries({ service, method })) {
    if (name !== undefined && name !== null && typeof name !== "string") throw wrongType(`${path}.${field}`, "a string", name);
  }
  if (service) return method ? methodKey(`${service}`, `${method}`) : serviceKey(`${service}`);
  if (method) throw wrongType(`${path}.service`, `the service of the method ${JSON.stringify(method)}`, service);
  return defaultKey;
}

function settingsOf(path: string, fields: Fields): MethodSettings {
  const retry = optional(fields["retryPolicy"], (value) => retryPolicyOf(`${path}.retryPolicy`, value));
  const hedging = optional(fields["hedgingPolicy"], (value) => hedgingPolicyOf(`${path}.hedgingPolicy`, value));
  if (retry !== undefined && hedging !== undefined) throw new TypeError(`${path} takes either retryPolicy or hedgingPolicy, got both`);
  return {
    policy: retry === undefined && hedging === undefined ? undefined : { retry, hedging },
    timeoutMs: optional(fields["timeout"], (value) => durationMs(`${path}.timeout`, value)),
    waitForReady: optional(fields["waitForReady"], (value) => checkBoolean(`${path}.waitForReady`, value)),
    maxRequestBytes: optional(fields["maxRequestMessageBytes"], (value) => bytesOf(`${path}.maxRequestMessageBytes`, value)),
    maxResponseBytes: optional(fields["maxResponseMessageBytes"], (value) => bytesOf(`${path}.maxResponseMessageBytes`, value)),
  };
}

function retryPolicyOf(path: string, value: unknown): RetryPolicy {
  const fields = checkObject(path, value);
  const codes = checkCodes(`${path}.retryableStatusCodes`, fields["retryableStatusCodes"]);
  if (codes === 0) throw outOfRange(`${path}.retryableStatusCodes`, "at least one status code", []);
  return {
    maxAttempts: attemptsOf(`${path}.maxAttempts`, fields["maxAttempts"]),
    initialBackoffMs: backoffOf(`${path}.initialBackoff`, fields["initialBackoff"]),
    maxBackoffMs: backoffOf(`${path}.maxBackoff`, fields["maxBackoff"]),
    backoffMultiplier: checkMultiplier(`${path}.backoffMultiplier`, fields["backoffMultiplier"]),
    codes,
  };
}

function hedgingPolicyOf(path: string, value: unknown): HedgingPolicy {
  const fields = checkObject(path, value);
  return {
    maxAttempts: attemptsOf(`${path}.maxAttempts`, fields["maxAttempts"]),
    delayMs: Math.min(optional(fields["hedgingDelay"], (delay) => durationMs(`${path}.hedgingDelay`, delay)) ?? 0, longestMs),
    nonFatalCodes: optional(fields["nonFatalStatusCodes"], (codes) => checkCodes(`${path}.nonFatalStatusCodes`, codes)) ?? 0,
  };
}

/** gRFC A6: a value above the client's limit is reduced to the limit. */
function attemptsOf(path: string, value: unknown): number {
  const attempts = checkNumber(path, "an integer above 1", value, (count) => Number.isInteger(count) && count > 1);
  return Math.min(attempts, attemptLimit);
}

function backoffOf(path: string, value: unknown): number {
  const ms = durationMs(path, value);
  if (ms <= 0) throw outOfRange(path, "a duration above 0s", value);
  return Math.min(ms, longestMs);
}

/** Parses the JSON form of a non-negative google.protobuf.Duration. */
function durationMs(path: string, value: unknown): number {
  if (typeof value !== "string") throw wrongType(path, 'a duration such as "1.5s"', value);
  if (!/^\d{1,12}(\.\d{1,9})?s$/.test(value)) throw outOfRange(path, 'a duration such as "1.5s"', value);
  return Number(value.slice(0, -1)) * 1_000;
}

/** Parses a google.protobuf.UInt32Value, as a number or as text. */
function bytesOf(path: string, value: unknown): number {
  const bytes = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return checkNumber(
    path,
    "a number of bytes from 0 to 4,294,967,295",
    bytes,
    (count) => Number.isInteger(count) && count >= 0 && count < 2 ** 32,
  );
}

function throttlingOf(path: string, value: unknown): ThrottlingPolicy {
  const fields = checkObject(path, value);
  const above = (count: number) => count >= 0.001;
  return {
    maxTokens: thousandths(
      checkNumber(`${path}.maxTokens`, "a number above 0, up to 1,000", fields["maxTokens"], (count) => above(count) && count <= 1_000),
    ),
    tokenRatio: thousandths(checkNumber(`${path}.tokenRatio`, "a number above 0", fields["tokenRatio"], above)),
  };
}

/** gRFC A6: truncates to three decimal places. */
function thousandths(value: number): number {
  return Math.trunc(Number((value * 1_000).toFixed(6))) / 1_000;
}

/** A `healthCheckConfig` without a name asks for no health checks (gRFC A17). */
function healthServiceOf(path: string, value: unknown): string | undefined {
  return optional(checkObject(path, value)["serviceName"], (name) => checkString(`${path}.serviceName`, name));
}

/** Returns the first supported policy of the list. */
function balancingOf(path: string, value: unknown): BalancingName | undefined {
  const names = checkArray(path, value).map((each, index) => {
    const policies = Object.keys(checkObject(`${path}[${index}]`, each));
    if (policies.length !== 1) throw new TypeError(`${path}[${index}] must have one policy, got ${policies.length}`);
    return policies[0] ?? "";
  });
  if (names.length === 0) return undefined;
  const known = names.find(isBalancing);
  if (known === undefined) throw outOfRange(path, "a list with pick_first or round_robin", names);
  return known;
}

/** Parses the older field, a name in any case. */
function balancingNamed(path: string, value: unknown): BalancingName | undefined {
  if (value === "") return undefined;
  const name = typeof value === "string" ? value.toLowerCase() : value;
  if (!isBalancing(name)) throw outOfRange(path, "pick_first or round_robin", value);
  return name;
}

function isBalancing(name: unknown): name is BalancingName {
  return name === "pick_first" || name === "round_robin";
}
