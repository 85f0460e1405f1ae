import { describe, expect, test } from "vitest";
import { Health } from "../../../gen/grpc/health/v1/health_pb.js";
import { FakeListener, FakeSource, outgoing } from "../../../test/fake-attempts.ts";
import { Code } from "../../protocol/code.ts";
import { methodSettings } from "./check-options.ts";
import { policyOf } from "./method-settings.ts";
import type { MethodOptions, RetryChannelOptions } from "./options.ts";
import { Retries } from "./retries.ts";
import { parseServiceConfig } from "./service-config.ts";

const retry = { codes: ["UNAVAILABLE"] } as const;
const hedging = { maxAttempts: 2, delayMs: 10 };

/** Options that TypeScript rejects. */
function wrong(options: object): RetryChannelOptions {
  return options as RetryChannelOptions;
}

describe("errors for invalid options name the field and the value", () => {
  test.each<[options: object, error: typeof TypeError | typeof RangeError, message: string]>([
    [{ retry: true }, TypeError, "retry must be an object, got true"],
    [{ retry: null }, TypeError, "retry must be an object, got null"],
    [{ retry: {} }, TypeError, "retry.codes must be an array, got undefined"],
    [{ retry: { codes: [] } }, RangeError, "retry.codes must be at least one status code, got []"],
    [{ retry: { codes: "UNAVAILABLE" } }, TypeError, "retry.codes must be an array, got 'UNAVAILABLE'"],
    [{ retry: { codes: ["UNAVALABLE"] } }, RangeError, "retry.codes[0] must be the name of a status code, got 'UNAVALABLE'"],
    [{ retry: { codes: ["14"] } }, RangeError, "retry.codes[0] must be the name of a status code, got '14'"],
    [{ retry: { codes: [14, 17] } }, RangeError, "retry.codes[1] must be a status code from 0 to 16, got 17"],
    [{ retry: { codes: [1.5] } }, RangeError, "retry.codes[0] must be a status code from 0 to 16, got 1.5"],
    [{ retry: { codes: [null] } }, TypeError, "retry.codes[0] must be a status code, got null"],
    [{ retry: { codes: ["OK", "ABORTED"] } }, RangeError, "retry.codes must be codes of failed calls, got [ 'OK', 'ABORTED' ]"],
    [{ retry: { ...retry, maxAttempts: 1 } }, RangeError, "retry.maxAttempts must be an integer from 2 to 5, got 1"],
    [{ retry: { ...retry, maxAttempts: 6 } }, RangeError, "retry.maxAttempts must be an integer from 2 to 5, got 6"],
    [{ retry: { ...retry, maxAttempts: 2.5 } }, RangeError, "retry.maxAttempts must be an integer from 2 to 5, got 2.5"],
    [{ retry: { ...retry, maxAttempts: "4" } }, TypeError, "retry.maxAttempts must be an integer from 2 to 5, got '4'"],
    [
      { retry: { ...retry, initialBackoffMs: 0 } },
      RangeError,
      "retry.initialBackoffMs must be a number of milliseconds above 0, up to 2,147,483,647, got 0",
    ],
    [
      { retry: { ...retry, maxBackoffMs: Number.POSITIVE_INFINITY } },
      RangeError,
      "retry.maxBackoffMs must be a number of milliseconds above 0, up to 2,147,483,647, got Infinity",
    ],
    [{ retry: { ...retry, backoffMultiplier: -1 } }, RangeError, "retry.backoffMultiplier must be a number above 0, got -1"],
    [{ retry: { ...retry, backoffMultiplier: Number.NaN } }, RangeError, "retry.backoffMultiplier must be a number above 0, got NaN"],
    [
      { retry: { ...retry, attempts: 3 } },
      TypeError,
      'retry has no option "attempts"; the options are codes, maxAttempts, initialBackoffMs, maxBackoffMs, backoffMultiplier',
    ],
    [{ methods: {} }, TypeError, "methods must be an array, got {}"],
    [{ methods: ["a.B"] }, TypeError, "methods[0] must be an object, got 'a.B'"],
    [{ methods: [{}] }, TypeError, `methods[0].service must be a service, or its full name such as "shop.v1.Orders", got undefined`],
    [
      { methods: [{ service: "/a.B/C" }] },
      RangeError,
      `methods[0].service must be a service, or its full name such as "shop.v1.Orders", got '/a.B/C'`,
    ],
    [{ methods: [{ service: "a.B", method: "" }] }, TypeError, "methods[0].method must be the name of a method, got ''"],
    [
      { methods: [{ service: Health, method: "chek" }] },
      RangeError,
      "methods[0].method must be a method of grpc.health.v1.Health (check, watch, list), got 'chek'",
    ],
    [{ methods: [{ service: "a.B" }, { service: "a.B" }] }, TypeError, "methods[1] is a second entry for /a.B/: merge the two entries"],
    [
      {
        methods: [
          { service: Health, method: "Check" },
          { service: "grpc.health.v1.Health", method: "Check" },
        ],
      },
      TypeError,
      "methods[1] is a second entry for /grpc.health.v1.Health/Check: merge the two entries",
    ],
    [{ methods: [{ service: "a.B", retry, hedging }] }, TypeError, "methods[0] takes either retry or hedging, got both"],
    [{ methods: [{ service: "a.B", timeoutMs: 0 }] }, RangeError, "methods[0].timeoutMs must be a positive number of milliseconds, got 0"],
    [{ methods: [{ service: "a.B", waitForReady: 1 }] }, TypeError, "methods[0].waitForReady must be true or false, got 1"],
    [
      { methods: [{ service: "a.B", maxRequestBytes: 1.5 }] },
      RangeError,
      "methods[0].maxRequestBytes must be an integer of at least 0, or Infinity, got 1.5",
    ],
    [
      { methods: [{ service: "a.B", hedging: { delayMs: 1 } }] },
      TypeError,
      "methods[0].hedging.maxAttempts must be an integer from 2 to 5, got undefined",
    ],
    [
      { methods: [{ service: "a.B", hedging: { maxAttempts: 2, delayMs: -1 } }] },
      RangeError,
      "methods[0].hedging.delayMs must be a number of milliseconds from 0 to 2,147,483,647, got -1",
    ],
    [{ retryThrottling: {} }, TypeError, "retryThrottling.maxTokens must be a number above 0, up to 1,000, got undefined"],
    [
      { retryThrottling: { maxTokens: 1_001, tokenRatio: 1 } },
      RangeError,
      "retryThrottling.maxTokens must be a number above 0, up to 1,000, got 1001",
    ],
    [{ retryThrottling: { maxTokens: 10, tokenRatio: 0 } }, RangeError, "retryThrottling.tokenRatio must be a number above 0, got 0"],
    [
      { retryBuffer: { perCallBytes: "1 MiB" } },
      TypeError,
      "retryBuffer.perCallBytes must be an integer of at least 0, or Infinity, got '1 MiB'",
    ],
    [{ retryBuffer: null }, TypeError, "retryBuffer must be an object, got null"],
    [{ methods: null }, TypeError, "methods must be an array, got null"],
  ])("case %#", (options, error, message) => {
    expect(() => new Retries(wrong(options))).toThrow(new error(message));
  });
});

function policies(methods: readonly MethodOptions[], config: object = {}) {
  const settings = methodSettings("methods", methods);
  return (path: string) => policyOf(path, settings, parseServiceConfig(config).methods);
}

describe("the settings of a method", () => {
  test("each setting of a method overrides that of its service", () => {
    const policy = policies([
      { service: Health, retry, timeoutMs: 1_000, waitForReady: true },
      { service: Health, method: "check", timeoutMs: 50, hedging },
      { service: Health, method: "Watch", retry: false, maxResponseBytes: 7 },
    ]);
    expect(policy("/grpc.health.v1.Health/List")).toMatchObject({
      retry: { maxAttempts: 4 },
      hedging: undefined,
      timeoutMs: 1_000,
      waitForReady: true,
    });
    expect(policy("/grpc.health.v1.Health/Check")).toMatchObject({
      retry: undefined,
      hedging: { delayMs: 10 },
      timeoutMs: 50,
      waitForReady: true,
    });
    expect(policy("/grpc.health.v1.Health/Watch")).toMatchObject({
      retry: undefined,
      hedging: undefined,
      maxResponseBytes: 7,
      timeoutMs: 1_000,
    });
    expect(policy("/grpc.health.v1.Healthy/Check")).toBeUndefined();
  });

  test("options override the service config, of which only the most specific entry applies", () => {
    const retryPolicy = { maxAttempts: 9, initialBackoff: "0.5s", maxBackoff: "1s", backoffMultiplier: 1.5, retryableStatusCodes: [14] };
    const policy = policies([{ service: "a.B", method: "Own", timeoutMs: 70 }], {
      methodConfig: [
        { name: [{}], timeout: "9s", waitForReady: true },
        { name: [{ service: "a.B" }], retryPolicy, maxRequestMessageBytes: 5 },
        { name: [{ service: "a.B", method: "Exact" }], timeout: "0.25s" },
      ],
    });
    expect(policy("/x.Y/Z")).toMatchObject({ retry: undefined, timeoutMs: 9_000, waitForReady: true });
    expect(policy("/a.B/Any")).toMatchObject({
      retry: { maxAttempts: 5, initialBackoffMs: 500 },
      timeoutMs: Number.POSITIVE_INFINITY,
      waitForReady: undefined,
      maxRequestBytes: 5,
    });
    expect(policy("/a.B/Exact")).toMatchObject({ retry: undefined, timeoutMs: 250, maxRequestBytes: Number.POSITIVE_INFINITY });
    expect(policy("/a.B/Own")).toMatchObject({ retry: { maxAttempts: 5 }, timeoutMs: 70 });
  });
});

function attemptsOf(options: RetryChannelOptions, path: string): { attempts: number; waitForReady: boolean | undefined; deadline: number } {
  const [source, listener] = [new FakeSource(), new FakeListener()];
  const call = outgoing({ request: Buffer.from("r"), method: { path, requestStream: false, responseStream: false } });
  const stream = new Retries(options).open(call, listener, source);
  const { waitForReady, deadline } = source.last.call;
  source.last.end(Code.UNAVAILABLE, { pushback: "60000" });
  const waits = listener.statuses.length === 0;
  stream.cancel(Code.CANCELLED, "");
  return { attempts: waits ? 2 : 1, waitForReady, deadline };
}

describe("a channel", () => {
  const serviceConfig = {
    methodConfig: [
      {
        name: [{ service: "a.B" }],
        retryPolicy: {
          maxAttempts: 2,
          initialBackoff: "1s",
          maxBackoff: "1s",
          backoffMultiplier: 1,
          retryableStatusCodes: ["unavailable"],
        },
      },
    ],
  };

  test("retries by its option, by a service config as an object, and by one as text", () => {
    expect(attemptsOf({}, "/a.B/C").attempts).toBe(1);
    expect(attemptsOf({ retry }, "/a.B/C").attempts).toBe(2);
    expect(attemptsOf({ serviceConfig }, "/a.B/C").attempts).toBe(2);
    expect(attemptsOf({ serviceConfig }, "/a.Bee/C").attempts).toBe(1);
    expect(attemptsOf({ serviceConfig: JSON.stringify(serviceConfig) }, "/a.B/C").attempts).toBe(2);
  });

  test("with retry: false ignores the policies of the service config", () => {
    expect(attemptsOf({ retry: false, serviceConfig }, "/a.B/C").attempts).toBe(1);
    expect(attemptsOf({ retry, methods: [{ service: "a.B", method: "C", retry: false }] }, "/a.B/C").attempts).toBe(1);
  });

  test("gives calls the method's waitForReady and the earlier deadline", () => {
    const methods: MethodOptions[] = [{ service: "a.B", waitForReady: true, timeoutMs: 60_000 }];
    const { waitForReady, deadline } = attemptsOf({ methods }, "/a.B/C");
    expect(waitForReady).toBe(true);
    expect(deadline).toBeGreaterThan(Date.now() + 50_000);
    expect(deadline).toBeLessThanOrEqual(Date.now() + 60_000);
    const source = new FakeSource();
    const earlier = Date.now() + 1_000;
    const call = outgoing({
      method: { path: "/a.B/C", requestStream: true, responseStream: true },
      waitForReady: false,
      deadline: earlier,
    });
    const stream = new Retries({ methods }).open(call, new FakeListener(), source);
    expect(source.last.call).toMatchObject({ waitForReady: false, deadline: earlier });
    stream.cancel(Code.CANCELLED, "");
  });
});
