// Rate limits: which calls count together, when the next one is accepted, and how much stays in memory.
import { afterEach, describe, expect, test, vi } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, TestService, transports } from "../../test/harness.ts";
import {
  Code,
  createClient,
  createContextKey,
  createServer,
  implement,
  type RateLimitOptions,
  type RpcError,
  rateLimit,
  type ServerCall,
  type ServerInterceptor,
} from "../index.ts";
import { RetryInfoSchema } from "../protocol/error-details.ts";
import { Health } from "../services/health/index.ts";
import { addressOf } from "./peer-address.ts";
import { TokenBuckets } from "./token-buckets.ts";

afterEach(() => void vi.restoreAllMocks());

const limited = (options: RateLimitOptions) => ({ interceptors: [rateLimit(options)] });

test.each(everyWay)("$transport, $kind: a call above the limit is RESOURCE_EXHAUSTED, and the handler does not run", async (way) => {
  const body = vi.fn(() => "");
  const { client } = await startBy(way.transport, everyKind(body), limited({ per: "peer", rate: 0.01, burst: 2 }));
  const call = () => kinds[way.kind](client, "");
  await call();
  await call();
  const error = (await failureOf(call())) as RpcError;
  expect(error).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, message: expect.stringMatching(/^too many calls, try again in \d+ ms$/) });
  const [retry] = error.findDetails(RetryInfoSchema);
  expect(Number(retry?.retryDelay?.seconds)).toBeGreaterThan(95);
  expect(Number(retry?.retryDelay?.seconds)).toBeLessThanOrEqual(100);
  expect(body).toHaveBeenCalledTimes(2);
});

test.each(transports)("%s: a call after the delay of RetryInfo is accepted", async (transport) => {
  const { client } = await startBy(
    transport,
    everyKind(() => "ok"),
    limited({ per: "peer", rate: 5, burst: 1 }),
  );
  await client.unary({});
  const error = (await failureOf(client.unary({}))) as RpcError;
  const { nanos = 0 } = error.findDetails(RetryInfoSchema)[0]?.retryDelay ?? {};
  expect(nanos).toBeGreaterThan(0);
  expect(nanos).toBeLessThanOrEqual(200_000_000);
  await new Promise((resolve) => setTimeout(resolve, nanos / 1_000_000 + 2));
  expect(await client.unary({})).toMatchObject({ text: "ok" });
});

test("a client with retries waits as long as the server asks", async () => {
  const server = createServer(limited({ per: "peer", rate: 5, burst: 1 }));
  server.add(implement(TestService, { unary: () => ({ text: "ok" }) }));
  const { address } = await server.listen("127.0.0.1:0");
  using client = createClient(TestService, address, { retry: { codes: ["RESOURCE_EXHAUSTED"], maxAttempts: 2, initialBackoffMs: 1 } });
  const start = performance.now();
  await client.unary({});
  await client.unary({});
  expect(performance.now() - start).toBeGreaterThan(190);
  await server.shutdown();
});

describe("keys", () => {
  const call = (peer: string, user?: string, method = TestService.method.unary) =>
    ({ peer, method, metadata: new Map([["user", user]]) }) as unknown as ServerCall;

  /** How many of the calls are accepted, when each key has one token. */
  const accepted = (per: RateLimitOptions["per"], calls: readonly ServerCall[]) => {
    const limiting = rateLimit({ per, rate: 0.001, burst: 1 });
    return calls.map((one) => {
      try {
        limiting(one as never, () => ({ message: {} }) as never);
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
        return false;
      }
    });
  };
  const user = ({ metadata }: ServerCall) => metadata.get("user");
  const other = TestService.method.serverStream;

  test("peer: the ports of a peer share a limit", () => {
    expect(accepted("peer", [call("10.0.0.1:1"), call("10.0.0.1:2"), call("10.0.0.2:1"), call("in-process"), call("in-process")])).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
  });

  test("method: all callers of a method share a limit", () => {
    expect(accepted("method", [call("a:1"), call("b:1"), call("a:1", "", other as never)])).toEqual([true, false, true]);
  });

  test("a function: calls with the same result share a limit, and calls without one have none", () => {
    const calls = [call("a:1", "mei"), call("b:1", "mei"), call("a:1", "ann"), call("a:1"), call("a:1")];
    expect(accepted(user, calls)).toEqual([true, false, true, true, true]);
  });

  test("several: each combination has a limit, and parts with any characters are not confused", () => {
    const calls = [call("a:1", "x"), call("a:2", "x"), call("a:1", "y"), call("b:1", "x"), call("a:1")];
    expect(accepted(["peer", user], calls)).toEqual([true, false, true, true, true]);
    const parts: RateLimitOptions["per"] = [({ peer }) => peer, user];
    expect(accepted(parts, [call("a", "1:b"), call("a1:b", ""), call("a1", ":b")])).toEqual([true, true, true]);
  });

  test.each<[string, RateLimitOptions["per"]]>([
    ["per", () => 5 as never],
    ["per[1]", ["method", () => 5 as never]],
  ])("a function that returns something else ends the call with INTERNAL, and the error names %s", async (name, per) => {
    const onError = vi.fn();
    const { client } = await startBy(
      "in process",
      everyKind(() => ""),
      { ...limited({ per, rate: 1 }), onError },
    );
    expect(await failureOf(client.unary({}))).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
    const message = `what the function \`${name}\` of rateLimit() returns must be a string, got 5`;
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ message });
  });

  test("an identity of an earlier interceptor is a key", async () => {
    const name = createContextKey<string>("name");
    const identifying: ServerInterceptor = (call, next) => {
      call.values.set(name, call.metadata.get("user") ?? "");
      return next();
    };
    const limiting = rateLimit({ per: ({ values }) => values.get(name), rate: 0.001, burst: 1 });
    const { client } = await startBy(
      "http2",
      everyKind(() => ""),
      { interceptors: [identifying, limiting] },
    );
    await client.unary({}, { metadata: { user: "mei" } });
    await client.unary({}, { metadata: { user: "ann" } });
    expect(await failureOf(client.unary({}, { metadata: { user: "mei" } }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  });
});

test("health has no limit unless `health` is true, and services in `except` have none", async () => {
  const states = async (options: Partial<RateLimitOptions>) => {
    const server = createServer(limited({ per: "peer", rate: 0.001, burst: 1, ...options }));
    const client = createClient(Health, server.channel());
    const outcomes = await Promise.all([client.check({}), client.check({})].map((call) => call.then(() => "OK", String)));
    await server.shutdown();
    return outcomes.map((outcome) => outcome.split(":")[0]);
  };
  expect(await states({})).toEqual(["OK", "OK"]);
  expect(await states({ except: ["test.v1.TestService"] })).toEqual(["OK", "OK"]);
  for (const except of ["grpc.health.v1.Health", "/grpc.health.v1.Health/Check", Health, Health.method.check]) {
    expect(await states({ health: true, except: [except] })).toEqual(["OK", "OK"]);
  }
  expect(await states({ health: true, except: [Health.method.watch] })).toEqual(["OK", "RESOURCE_EXHAUSTED"]);
  expect(await states({ health: true })).toEqual(["OK", "RESOURCE_EXHAUSTED"]);
});

test.each([
  ["127.0.0.1:5", "127.0.0.1"],
  ["[::ffff:127.0.0.1]:5", "127.0.0.1"],
  ["[::ffff:7f00:1]:5", "127.0.0.1"],
  ["[::FFFF:127.0.0.1]:5", "127.0.0.1"],
  ["[::1]:5", "0:0:0:0::/64"],
  ["[2001:db8:0:1::5]:5", "2001:db8:0:1::/64"],
  ["[2001:0db8::1:2:3:4:5]:5", "2001:db8:0:1::/64"],
  ["[2001:DB8:0:1:9:8:7:6]:80", "2001:db8:0:1::/64"],
  ["[2001:db8::]:80", "2001:db8:0:0::/64"],
  ["[64:ff9b::192.0.2.1]:80", "64:ff9b:0:0::/64"],
  ["[1:2:3:4:5:6:192.0.2.1]:80", "1:2:3:4::/64"],
  ["[fe80::1%eth0]:80", "fe80:0:0:0::/64"],
  ["unix:/run/a:5", "unix:/run/a:5"],
  ["in-process", "in-process"],
  ["unknown", "unknown"],
  ["[elsewhere]:5", "[elsewhere]"],
])("the address of %s is %s", (peer, address) => {
  expect(addressOf(peer)).toBe(address);
});

describe("TokenBuckets", () => {
  test("accepts the burst, and then the rate, exactly, over any steps of time", () => {
    for (const [rate, burst] of [
      [1, 1],
      [3, 7],
      [10, 2],
      [1000 / 7, 50],
    ] as const) {
      const buckets = new TokenBuckets(rate, burst, 10);
      let taken = 0;
      for (let ms = 0; ms <= 10_000; ms += 0.5) {
        while (buckets.take("x", 1e9 + ms) === 0) taken++;
      }
      // One token fewer or more where the last one falls on the last step.
      expect(Math.abs(taken - Math.floor(burst + rate * 10))).toBeLessThanOrEqual(1);
    }
  });

  test("the wait is the time until the next token, and a rejected call takes none", () => {
    const buckets = new TokenBuckets(10, 1, 10);
    expect([0, 25, 25, 99, 100].map((ms) => buckets.take("x", ms))).toEqual([0, 75, 75, 1, 0]);
  });

  test("full buckets go away while new ones come", () => {
    const buckets = new TokenBuckets(1000, 1, Number.POSITIVE_INFINITY);
    for (let i = 0; i < 10_000; i++) buckets.take(`k${i}`, i);
    expect(buckets.size).toBeLessThan(10);
  });

  test("memory shrinks after a flood of keys", () => {
    const buckets = new TokenBuckets(1, 1, Number.POSITIVE_INFINITY);
    for (let i = 0; i < 1_000; i++) buckets.take(`old ${i}`, 0);
    for (let i = 0; i < 500; i++) buckets.take(`new ${i}`, 5_000);
    expect(buckets.size).toBe(500);
  });

  test("long keys that callers choose take no more memory, and each has a bucket of its own", () => {
    const heap = () => {
      globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    const long = (i: number) => Buffer.alloc(32_000, `${i} `).toString("latin1");
    const buckets = new TokenBuckets(0.001, 1, 10_000);
    const before = heap();
    for (let i = 0; i < 1_000; i++) expect(buckets.take(long(i), 0)).toBe(0);
    expect(heap() - before).toBeLessThan(2_000_000);
    expect(buckets.size).toBe(1_000);
    for (let i = 0; i < 1_000; i++) expect(buckets.take(long(i), 0)).toBeGreaterThan(0);
  });

  test("there are never more than maxKeys, and the keys in use stay", () => {
    const buckets = new TokenBuckets(0.001, 1, 100);
    expect(buckets.take("mei", 0)).toBe(0);
    for (let i = 0; i < 10_000; i++) {
      buckets.take(`k${i}`, i / 1000);
      if (i % 50 === 0) expect(buckets.take("mei", i / 1000)).toBeGreaterThan(0);
      expect(buckets.size).toBeLessThanOrEqual(100);
    }
    expect(buckets.size).toBe(100);
  });
});

test.each<[string, object]>([
  ['rateLimit() has no option "burts"; ', { per: "peer", rate: 1, burts: 2 }],
  ['per must be "peer", "method" or a function, got \'user\'', { per: "user", rate: 1 }],
  ["per must be at least one key, got []", { per: [], rate: 1 }],
  ["rate must be a positive number of calls per second, got 0", { per: "peer", rate: 0 }],
  ["burst must be an integer of at least 1, got 1.5", { per: "peer", rate: 1, burst: 1.5 }],
])("%s", (message, options) => {
  expect(() => rateLimit(options as RateLimitOptions)).toThrow(message);
});
