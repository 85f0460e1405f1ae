import { afterEach, expect, test, vi } from "vitest";
import { virtualTime } from "../testing/virtual-time/virtual-time.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.resetModules();
});

test("times are recorded from recordTimes() on, to a tenth of a second", async () => {
  vi.useFakeTimers();
  const { CallCounts, MessageCounts, recordTimes } = await import("./counts.ts");
  const calls = new CallCounts();
  const messages = new MessageCounts();
  const use = () => {
    calls.begin();
    messages.streamBegins();
    messages.messageSent();
    messages.messageReceived();
  };
  const times = () => [calls.lastStartedAt, messages.lastStreamAt, messages.lastSentAt, messages.lastReceivedAt];
  use();
  expect(times()).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  expect([calls.started, messages.sent, messages.received]).toEqual([1, 1, 1]);
  recordTimes();
  for (let rounds = 0; rounds < 30; rounds++) {
    recordTimes();
    vi.advanceTimersByTime(37);
    use();
    for (const time of times()) {
      expect(time).toBeLessThanOrEqual(Date.now());
      expect(time).toBeGreaterThan(Date.now() - 100);
    }
  }
  expect(vi.getTimerCount()).toBe(1);
});

test("times go on after recordTimes() has been called in virtual time", async () => {
  const { CallCounts, recordTimes } = await import("./counts.ts");
  const time = virtualTime();
  recordTimes();
  time[Symbol.dispose]();
  const start = Date.now();
  const calls = new CallCounts();
  await vi.waitFor(() => {
    calls.begin();
    expect(calls.lastStartedAt).toBeGreaterThan(start);
  });
});
