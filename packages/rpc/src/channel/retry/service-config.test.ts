import { describe, expect, test } from "vitest";
import { Code } from "../../protocol/code.ts";
import { hasCode } from "./policy.ts";
import { parseServiceConfig } from "./service-config.ts";

const retryPolicy = {
  maxAttempts: 4,
  initialBackoff: "0.1s",
  maxBackoff: "1s",
  backoffMultiplier: 2,
  retryableStatusCodes: ["UNAVAILABLE", "aborted", 8],
};
const hedgingPolicy = { maxAttempts: 3, hedgingDelay: "0.5s", nonFatalStatusCodes: ["UNAVAILABLE"] };

function method(fields: object): object {
  return { methodConfig: [{ name: [{ service: "a.B" }], ...fields }] };
}

describe("a service config", () => {
  test("is parsed", () => {
    const { methods, throttling, balancing, healthService } = parseServiceConfig({
      loadBalancingConfig: [{ xds: {} }, { round_robin: {} }, { pick_first: {} }],
      methodConfig: [
        { name: [{ service: "a.B", method: "C" }, { service: "d.E" }], retryPolicy, timeout: "1.5s", waitForReady: true },
        { name: [{}], hedgingPolicy, maxRequestMessageBytes: 10, maxResponseMessageBytes: "20" },
        { name: [] },
      ],
      retryThrottling: { maxTokens: 10, tokenRatio: 0.5466 },
      healthCheckConfig: { serviceName: "a.B" },
    });
    expect([...methods.keys()]).toEqual(["/a.B/C", "/d.E/", ""]);
    const { policy, timeoutMs, waitForReady } = methods.get("/a.B/C") ?? {};
    expect(policy?.retry).toMatchObject({ maxAttempts: 4, initialBackoffMs: 100, maxBackoffMs: 1_000, backoffMultiplier: 2 });
    const codes = Object.values(Code).filter((code) => typeof code === "number" && hasCode(policy?.retry?.codes ?? 0, code));
    expect(codes).toEqual([Code.RESOURCE_EXHAUSTED, Code.ABORTED, Code.UNAVAILABLE]);
    expect([timeoutMs, waitForReady]).toEqual([1_500, true]);
    expect(methods.get("")).toMatchObject({
      policy: { hedging: { maxAttempts: 3, delayMs: 500 } },
      maxRequestBytes: 10,
      maxResponseBytes: 20,
    });
    expect(throttling).toEqual({ maxTokens: 10, tokenRatio: 0.546 });
    expect(balancing).toBe("round_robin");
    expect(healthService).toBe("a.B");
  });

  test("may be empty", () => {
    expect(parseServiceConfig("{}")).toEqual({ methods: new Map(), throttling: undefined, balancing: undefined, healthService: undefined });
  });

  test("null counts as an absent field, and empty names match all methods", () => {
    const { methods } = parseServiceConfig({ methodConfig: [{ name: [{ service: "", method: "" }], retryPolicy: null, timeout: null }] });
    expect(methods.get("")).toMatchObject({ policy: undefined, timeoutMs: undefined });
  });

  test("maxAttempts above the client's limit is reduced to the limit", () => {
    const config = method({ retryPolicy: { ...retryPolicy, maxAttempts: 100 } });
    expect(parseServiceConfig(config).methods.get("/a.B/")?.policy?.retry?.maxAttempts).toBe(5);
  });

  test("without hedgingDelay all attempts are sent at once, and every code is fatal", () => {
    const { policy } = parseServiceConfig(method({ hedgingPolicy: { maxAttempts: 2 } })).methods.get("/a.B/") ?? {};
    expect(policy?.hedging).toEqual({ maxAttempts: 2, delayMs: 0, nonFatalCodes: 0 });
  });

  test.each([
    ["ROUND_ROBIN", "round_robin"],
    ["pick_first", "pick_first"],
    ["", undefined],
  ])("the older loadBalancingPolicy %j is %j", (loadBalancingPolicy, expected) => {
    expect(parseServiceConfig({ loadBalancingPolicy }).balancing).toBe(expected);
  });
});

const policy = "serviceConfig.methodConfig[0].retryPolicy";
const hedge = "serviceConfig.methodConfig[0].hedgingPolicy";

describe("errors for an invalid service config contain the path of the field and the value", () => {
  test.each<[config: string | object, message: string]>([
    ["[]", "serviceConfig must be an object, got []"],
    ["null", "serviceConfig must be an object, got null"],
    [{ methodConfig: {} }, "serviceConfig.methodConfig must be an array, got {}"],
    [{ methodConfig: [1] }, "serviceConfig.methodConfig[0] must be an object, got 1"],
    [{ methodConfig: [{}] }, "serviceConfig.methodConfig[0].name must be an array, got undefined"],
    [
      { methodConfig: [{ name: [{ method: "C" }] }] },
      'serviceConfig.methodConfig[0].name[0].service must be the service of the method "C", got undefined',
    ],
    [{ methodConfig: [{ name: [{ service: 7 }] }] }, "serviceConfig.methodConfig[0].name[0].service must be a string, got 7"],
    [
      { methodConfig: [{ name: [{ service: "a.B" }] }, { name: [{ service: "c.D" }, { service: "a.B" }] }] },
      "serviceConfig.methodConfig[1].name[1] is a second configuration of /a.B/",
    ],
    [{ methodConfig: [{ name: [{}, {}] }] }, "serviceConfig.methodConfig[0].name[1] is a second configuration of all methods"],
    [method({ retryPolicy, hedgingPolicy }), "serviceConfig.methodConfig[0] takes either retryPolicy or hedgingPolicy, got both"],
    [method({ retryPolicy: [] }), `${policy} must be an object, got []`],
    [method({ retryPolicy: { ...retryPolicy, maxAttempts: 1 } }), `${policy}.maxAttempts must be an integer above 1, got 1`],
    [method({ retryPolicy: { ...retryPolicy, maxAttempts: "4" } }), `${policy}.maxAttempts must be an integer above 1, got '4'`],
    [method({ retryPolicy: { ...retryPolicy, initialBackoff: "0s" } }), `${policy}.initialBackoff must be a duration above 0s, got '0s'`],
    [
      method({ retryPolicy: { ...retryPolicy, initialBackoff: ".1s" } }),
      `${policy}.initialBackoff must be a duration such as "1.5s", got '.1s'`,
    ],
    [
      method({ retryPolicy: { ...retryPolicy, maxBackoff: undefined } }),
      `${policy}.maxBackoff must be a duration such as "1.5s", got undefined`,
    ],
    [method({ retryPolicy: { ...retryPolicy, maxBackoff: "1" } }), `${policy}.maxBackoff must be a duration such as "1.5s", got '1'`],
    [method({ retryPolicy: { ...retryPolicy, maxBackoff: "-1s" } }), `${policy}.maxBackoff must be a duration such as "1.5s", got '-1s'`],
    [method({ retryPolicy: { ...retryPolicy, backoffMultiplier: 0 } }), `${policy}.backoffMultiplier must be a number above 0, got 0`],
    [
      method({ retryPolicy: { ...retryPolicy, retryableStatusCodes: [] } }),
      `${policy}.retryableStatusCodes must be at least one status code, got []`,
    ],
    [
      method({ retryPolicy: { ...retryPolicy, retryableStatusCodes: ["NOPE"] } }),
      `${policy}.retryableStatusCodes[0] must be the name of a status code, got 'NOPE'`,
    ],
    [
      method({ retryPolicy: { ...retryPolicy, retryableStatusCodes: [17] } }),
      `${policy}.retryableStatusCodes[0] must be a status code from 0 to 16, got 17`,
    ],
    [method({ hedgingPolicy: {} }), `${hedge}.maxAttempts must be an integer above 1, got undefined`],
    [method({ hedgingPolicy: { ...hedgingPolicy, hedgingDelay: 1 } }), `${hedge}.hedgingDelay must be a duration such as "1.5s", got 1`],
    [method({ timeout: { seconds: 1 } }), `serviceConfig.methodConfig[0].timeout must be a duration such as "1.5s", got [Object]`],
    [method({ waitForReady: "yes" }), "serviceConfig.methodConfig[0].waitForReady must be true or false, got 'yes'"],
    [
      method({ maxRequestMessageBytes: -1 }),
      "serviceConfig.methodConfig[0].maxRequestMessageBytes must be a number of bytes from 0 to 4,294,967,295, got -1",
    ],
    [
      { retryThrottling: { maxTokens: 0, tokenRatio: 1 } },
      "serviceConfig.retryThrottling.maxTokens must be a number above 0, up to 1,000, got 0",
    ],
    [{ retryThrottling: { maxTokens: 10 } }, "serviceConfig.retryThrottling.tokenRatio must be a number above 0, got undefined"],
    [
      { loadBalancingConfig: [{ xds: {} }] },
      "serviceConfig.loadBalancingConfig must be a list with pick_first or round_robin, got [ 'xds' ]",
    ],
    [{ loadBalancingConfig: [{ pick_first: {}, round_robin: {} }] }, "serviceConfig.loadBalancingConfig[0] must have one policy, got 2"],
    [{ healthCheckConfig: [] }, "serviceConfig.healthCheckConfig must be an object, got []"],
    [{ healthCheckConfig: { serviceName: 5 } }, "serviceConfig.healthCheckConfig.serviceName must be a string, got 5"],
    [{ loadBalancingPolicy: "grpclb" }, "serviceConfig.loadBalancingPolicy must be pick_first or round_robin, got 'grpclb'"],
  ])("case %#", (config, message) => {
    expect(() => parseServiceConfig(config)).toThrow(expect.objectContaining({ message }) as Error);
  });

  test("invalid JSON throws a TypeError", () => {
    expect(() => parseServiceConfig("{methodConfig}")).toThrow(/^serviceConfig is not valid JSON: /);
    expect(() => parseServiceConfig("{methodConfig}")).toThrow(TypeError);
  });
});
