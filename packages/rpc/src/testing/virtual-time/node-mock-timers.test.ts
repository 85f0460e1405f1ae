// Calls on the mocked timers of node:test.
import { mock } from "node:test";
import { afterEach, expect, test } from "vitest";
import { testDeadlines } from "../../../test/fake-timers.ts";
import { TestService } from "../../../test/harness.ts";
import { Code } from "../../index.ts";
import { mockClient } from "../mock-client.ts";

afterEach(() => mock.timers.reset());

const enable = () => mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: Date.now() });

// grpc-js clears timers of earlier tests, and node:test then drops timers of the current one.
testDeadlines(["in process", "http2"], enable, async (ms) => mock.timers.tick(ms));

test("with all mocks and their default time, a deadline passes within the process", async () => {
  mock.timers.enable();
  const client = mockClient(TestService, { unary: () => new Promise<never>(() => {}) });
  const call = client.unary({}, { timeoutMs: 5_000 });
  mock.timers.tick(5_000);
  await expect(call).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});

test("deadlines work after mocked timers that ended during a call", async () => {
  const client = mockClient(TestService, { unary: () => new Promise<never>(() => {}) });
  enable();
  client.unary({}, { timeoutMs: 40 }).catch(() => {});
  mock.timers.reset();
  await expect(client.unary({}, { timeoutMs: 40 })).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});
