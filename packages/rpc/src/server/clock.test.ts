// The system clock is set an hour forward or back during calls. Timeouts in milliseconds do not
// change.
import { afterEach, describe, expect, test, vi } from "vitest";
import { everyKind, failureOf, kindNames, kinds, startBy, transports } from "../../test/harness.ts";
import { Code, type RpcError } from "../index.ts";

const hour = 3_600_000;

/**
 * Changes `Date` as a change of the system clock does. Timers and `performance.now()` are not
 * affected.
 */
function setClock(byMs: number): void {
  const real = Date.now.bind(Date);
  vi.spyOn(Date, "now").mockImplementation(() => real() + byMs);
}

afterEach(() => void vi.restoreAllMocks());

const waits = everyKind(async ({ signal }) => {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return "";
});

describe.each([hour, -hour])("the clock is moved by %i ms", (byMs) => {
  describe.each(transports)("%s", (transport) => {
    test.each(kindNames)("%s: a running call keeps its deadline", async (kind) => {
      const { client, channel } = await startBy(transport, waits);
      // The call is then sent at once, before the clock is moved.
      await channel.connect();
      const start = performance.now();
      const failure = failureOf(kinds[kind](client, "", { timeoutMs: 400 }));
      await new Promise((resolve) => setTimeout(resolve, 100));
      setClock(byMs);
      expect(((await failure) as RpcError).code).toBe(Code.DEADLINE_EXCEEDED);
      const tookMs = performance.now() - start;
      expect(tookMs).toBeGreaterThan(390);
      expect(tookMs).toBeLessThan(20_000);
    });

    test("later calls have correct deadlines", async () => {
      const { client, channel } = await startBy(transport, waits);
      await channel.connect();
      setClock(byMs);
      const start = performance.now();
      expect(await failureOf(client.unary({}, { timeoutMs: 300 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
      expect(performance.now() - start).toBeGreaterThan(290);
      expect(performance.now() - start).toBeLessThan(20_000);
    });
  });
});
