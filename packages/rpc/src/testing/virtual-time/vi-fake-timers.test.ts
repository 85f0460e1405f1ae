// Calls on the fake timers of vitest.
import { afterEach, expect, test, vi } from "vitest";
import { testDeadlines } from "../../../test/fake-timers.ts";
import { TestService, transports } from "../../../test/harness.ts";
import { Code } from "../../index.ts";
import { mockClient } from "../mock-client.ts";

afterEach(() => void vi.useRealTimers());

// Sockets need setImmediate.
const toFake = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] as const;

testDeadlines(
  transports,
  () => vi.useFakeTimers({ toFake: [...toFake] }),
  (ms) => vi.advanceTimersByTimeAsync(ms),
);

test("with all fakes, a deadline passes within the process", async () => {
  vi.useFakeTimers();
  const client = mockClient(TestService, { unary: () => new Promise<never>(() => {}) });
  const call = client.unary({}, { timeoutMs: 5_000 });
  call.catch(() => {});
  await vi.advanceTimersByTimeAsync(5_000);
  await expect(call).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});

test("deadlines work after fake timers that ended during a call", async () => {
  const client = mockClient(TestService, { unary: () => new Promise<never>(() => {}) });
  vi.useFakeTimers();
  client.unary({}, { timeoutMs: 40 }).catch(() => {});
  vi.useRealTimers();
  await expect(client.unary({}, { timeoutMs: 40 })).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});
