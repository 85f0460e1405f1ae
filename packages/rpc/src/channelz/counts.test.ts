import { expect, test } from "vitest";
import { CallCounts, MessageCounts, recordTimes } from "./counts.ts";

test("times are recorded from recordTimes() on", () => {
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
  const before = Date.now();
  recordTimes();
  use();
  for (const time of times()) expect(time).toBeGreaterThanOrEqual(before);
});
