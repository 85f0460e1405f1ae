// Deadlines on the fake timers of a test runner.
import { describe, expect, test } from "vitest";
import { Code } from "../src/index.ts";
import { mockClient } from "../src/testing/index.ts";
import { everyKind, kindNames, kinds, startBy, TestService, type Transport } from "./harness.ts";
import { now, turns } from "./pending.ts";

/**
 * @param enable replaces the timers. The test file brings them back.
 * @param advance lets milliseconds pass.
 */
export function testDeadlines(transports: readonly Transport[], enable: () => void, advance: (ms: number) => Promise<unknown>): void {
  describe.each(transports)("%s", (transport) => {
    test.each(kindNames)("%s: a deadline passes", async (kind) => {
      enable();
      const reached = Promise.withResolvers<void>();
      const { client } = await startBy(
        transport,
        everyKind(() => {
          reached.resolve();
          return new Promise(() => {});
        }),
      );
      const call = kinds[kind](client, "x", { timeoutMs: 5_000 });
      call.catch(() => {});
      await reached.promise;
      await advance(4_990);
      expect(await now(call)).toBe("pending");
      await advance(10);
      await expect(call).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    });
  });

  test("deadlines that overlap pass, each at its time", async () => {
    enable();
    const client = mockClient(TestService, { unary: () => new Promise<never>(() => {}) });
    const begin = Date.now();
    const ended: [number, number][] = [];
    const call = (timeoutMs: number) => {
      const due = Date.now() - begin + timeoutMs;
      client.unary({}, { timeoutMs }).catch(() => ended.push([due, Date.now() - begin]));
    };
    call(5_000);
    await advance(3_000);
    call(5_000);
    call(1_500);
    for (let ms = 0; ms < 7_000; ms += 250) {
      await advance(250);
      await turns();
    }
    expect(ended).toEqual([
      [4_500, 4_500],
      [5_000, 5_000],
      [8_000, 8_000],
    ]);
  });

  test("one deadline after another passes", async () => {
    enable();
    const client = mockClient(TestService, { unary: () => new Promise<never>(() => {}) });
    for (const timeoutMs of [5_000, 700, 60_000, 700]) {
      const call = client.unary({}, { timeoutMs });
      call.catch(() => {});
      await turns();
      await advance(timeoutMs - 10);
      expect(await now(call)).toBe("pending");
      await advance(10);
      await expect(call).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    }
  });
}
