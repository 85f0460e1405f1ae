// Thousands of calls of each kind, including failed ones, leave no heap, handle, timer or listener
// behind.
import { getEventListeners } from "node:events";
import { expect, test, vi } from "vitest";
import {
  everyKind,
  everyWay,
  failureOf,
  type kindNames,
  kinds,
  startBy,
  startServer,
  type TestClient,
  TestService,
  until,
} from "../test/harness.ts";
import { Code, createClient, RpcError } from "./index.ts";

const rounds = 100;

// Thousands of calls take long on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/**
 * Measures after a garbage collection: the heap in bytes, and how many resources of each kind are
 * active.
 */
function held() {
  for (let times = 0; times < 3; times++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return { mib: (heapUsed + external) / 2 ** 20, timers: resources["Timeout"] ?? 0, sockets: resources["TCPSocketWrap"] ?? 0 };
}

/**
 * Runs eight calls: three succeed, the handler fails one, two are cancelled (before and after they
 * are sent), one exceeds its deadline, and one has a shared signal.
 */
async function callAll(client: TestClient, kind: (typeof kindNames)[number], shared: AbortSignal): Promise<void> {
  const call = kinds[kind];
  const controller = new AbortController();
  const cancelled = failureOf(call(client, "", { metadata: { wait: "1" }, signal: controller.signal }));
  setImmediate(() => controller.abort());
  const [, , , failed, aborted, , timedOut] = await Promise.all([
    call(client, "a"),
    call(client, "b", { timeoutMs: 60_000 }),
    call(client, "c", { signal: shared, metadata: { a: "b" } }),
    failureOf(call(client, "", { metadata: { fail: "1" } })),
    failureOf(call(client, "", { signal: AbortSignal.abort() })),
    cancelled,
    failureOf(call(client, "", { metadata: { wait: "1" }, timeoutMs: 5 })),
    call(client, "d", { signal: shared }),
  ]);
  expect(failed).toMatchObject({ code: Code.NOT_FOUND });
  expect(aborted).toMatchObject({ code: Code.CANCELLED });
  expect(timedOut).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
}

const handlers = everyKind(async ({ metadata, signal }) => {
  if (metadata.has("fail")) throw new RpcError(Code.NOT_FOUND, "no such thing");
  if (metadata.has("wait")) {
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  }
  return "answer";
});

test.each(everyWay)("$transport, $kind: 800 calls leave nothing behind, after as many for warm-up", async ({ transport, kind }) => {
  const { client } = await startBy(transport, handlers);
  const shared = new AbortController();
  for (let round = 0; round < rounds; round++) await callAll(client, kind, shared.signal);

  const before = held();
  for (let round = 0; round < rounds; round++) await callAll(client, kind, shared.signal);
  // The server may still learn of cancelled calls.
  let after = held();
  await until(() => {
    after = held();
    return after.timers <= before.timers && after.mib - before.mib < 1.5;
  }).catch(() => {});
  expect(after.mib - before.mib, "MiB").toBeLessThan(1.5);
  expect(after.timers, "timers").toBeLessThanOrEqual(before.timers);
  expect(after.sockets, "sockets").toBe(before.sockets);
  expect(getEventListeners(shared.signal, "abort"), "listeners").toHaveLength(0);
});

test("100 connections and channels leave nothing behind", async () => {
  const { address } = await startServer(handlers);
  const once = async () => {
    using client = createClient(TestService, address);
    await client.unary({});
    const call = client.bidiStream();
    await call.send({});
    call.cancel();
  };
  for (let times = 0; times < 50; times++) await once();
  const before = held();
  for (let times = 0; times < 100; times++) await once();
  let after = held();
  await until(() => {
    after = held();
    return after.sockets <= before.sockets && after.mib - before.mib < 2;
  }).catch(() => {});
  expect(after.mib - before.mib, "MiB").toBeLessThan(2);
  expect(after.timers, "timers").toBeLessThanOrEqual(before.timers + 1);
});
