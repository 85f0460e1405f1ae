import { expect, test, vi } from "vitest";
import { CallCounts, MessageCounts, recordTimes } from "./counts.ts";

test("times are recorded from recordTimes() on, to a tenth of a second", () => {
  vi.useFakeTimers();
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
  vi.useRealTimers();
});
