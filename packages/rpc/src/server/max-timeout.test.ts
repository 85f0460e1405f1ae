// `maxTimeoutMs` of servers and of implementations.
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { everyKind, everyWay, failureOf, kinds, serveBy, startBy, startServer, TestService, until } from "../../test/harness.ts";
import { frame, Peer } from "../../test/http2-peer.ts";
import { Code, createClient, createServer, implement, type RpcError, type ServerInterceptor } from "../index.ts";

/** The remaining time in ms, rounded to 10 s. */
const left = (deadline: Date | undefined) => deadline && Math.round((deadline.getTime() - Date.now()) / 10_000) * 10_000;

test.each(everyWay)(
  "$transport, $kind: it caps the deadline of the caller, and is the deadline without one",
  async ({ transport, kind }) => {
    const seen: (number | undefined)[] = [];
    const handlers = everyKind(({ deadline }) => {
      seen.push(left(deadline));
      return "";
    });
    for (const [server, own] of [
      [{}, {}],
      [{ maxTimeoutMs: 50_000 }, {}],
      [{}, { maxTimeoutMs: 50_000 }],
      [{ maxTimeoutMs: 50_000 }, { maxTimeoutMs: 80_000 }],
      [{ maxTimeoutMs: 50_000 }, { maxTimeoutMs: Number.POSITIVE_INFINITY }],
    ]) {
      const { client } = await startBy(transport, handlers, server, own);
      for (const options of [{}, { timeoutMs: 90_000 }, { timeoutMs: 20_000 }]) await kinds[kind](client, "", options);
    }
    expect(seen).toEqual([
      ...[undefined, 90_000, 20_000],
      ...[50_000, 50_000, 20_000],
      ...[50_000, 50_000, 20_000],
      ...[80_000, 80_000, 20_000],
      ...[undefined, 90_000, 20_000],
    ]);
  },
);

const passing: ServerInterceptor = (_call, next) => next();

test.each(everyWay.flatMap((way) => [[], [passing]].map((interceptors) => ({ ...way, interceptors, count: interceptors.length }))))(
  "$transport, $kind, $count interceptors: a call that takes longer ends with DEADLINE_EXCEEDED, and its signal aborts",
  async ({ transport, kind, interceptors }) => {
    const reasons: unknown[] = [];
    const { client } = await startBy(
      transport,
      everyKind(async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        reasons.push(signal.reason);
        return "";
      }),
      { maxTimeoutMs: 50, interceptors },
    );
    const message = expect.stringMatching(/^deadline exceeded: \/test\.v1\.TestService\/\w+ did not end within 50 ms$/) as string;
    for (const options of [{}, { timeoutMs: 60_000 }]) {
      expect(await failureOf(kinds[kind](client, "", options))).toMatchObject({ code: Code.DEADLINE_EXCEEDED, message });
    }
    await until(() => reasons.length === 2);
    expect(reasons).toMatchObject([
      { code: Code.DEADLINE_EXCEEDED, message },
      { code: Code.DEADLINE_EXCEEDED, message },
    ]);
  },
);

test("an interceptor or a request that takes too long counts, as does a handler that ignores its signal", async () => {
  const never = new Promise<never>(() => {});
  const slow = await startBy(
    "http2",
    everyKind(() => ""),
    { maxTimeoutMs: 50, interceptors: [() => never] },
  );
  expect(await failureOf(slow.client.unary({}))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  const deaf = await startBy(
    "http2",
    everyKind(() => never),
    { maxTimeoutMs: 50 },
  );
  expect(await failureOf(deaf.client.unary({}))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  const open = await startServer(
    { clientStream: async (requests) => ({ text: `${(await Array.fromAsync(requests)).length}` }) },
    { maxTimeoutMs: 50 },
  );
  const call = new Peer(open.address).call("ClientStream");
  call.stream.write(frame());
  expect(await call.status()).toBe(Code.DEADLINE_EXCEEDED);
});

test("calls in the handler inherit the capped deadline", async () => {
  const seen: (number | undefined)[] = [];
  const back = await startBy(
    "http2",
    everyKind(({ deadline }) => `${seen.push(left(deadline))}`),
  );
  const front = await startBy(
    "http2",
    everyKind(async () => (await back.client.unary({})).text),
    { maxTimeoutMs: 50_000 },
  );
  await front.client.unary({});
  await front.client.unary({}, { timeoutMs: 20_000 });
  expect(seen).toEqual([50_000, 20_000]);
});

test("health and reflection of the server have no limit", async () => {
  const { server, channel } = await serveBy("http2", { maxTimeoutMs: 40 });
  const watch = createClient(Health, channel).watch({});
  expect(await watch.recv()).toBeDefined();
  await delay(120);
  server.health.set("", "NOT_SERVING");
  expect(await watch.recv()).toBeDefined();
  watch.cancel();
});

test.each([
  ["60", "maxTimeoutMs must be a positive number of milliseconds, got '60'"],
  [0, "maxTimeoutMs must be a positive number of milliseconds, got 0"],
  [-1, "maxTimeoutMs must be a positive number of milliseconds, got -1"],
  [Number.NaN, "maxTimeoutMs must be a positive number of milliseconds, got NaN"],
])("%j is rejected", (value, message) => {
  const maxTimeoutMs = value as number;
  expect(() => createServer({ maxTimeoutMs })).toThrow(message);
  expect(() => implement(TestService, {}, { maxTimeoutMs })).toThrow(message);
});

test("it ends no call that has ended", async () => {
  const reasons: RpcError[] = [];
  const { client } = await startBy(
    "http2",
    everyKind(({ signal }) => {
      signal.addEventListener("abort", () => reasons.push(signal.reason as RpcError));
      return "";
    }),
    { maxTimeoutMs: 50 },
  );
  await client.unary({});
  await delay(100);
  expect(reasons).toMatchObject([{ message: "the call has ended" }]);
});
