import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Deadlines } from "./deadlines.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("one timer serves the earliest deadline", () => {
  const due = vi.fn();
  const deadlines = new Deadlines(due);
  deadlines.arm(performance.now() + 500);
  deadlines.arm(performance.now() + 100);
  deadlines.arm(performance.now() + 300);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(101);
  expect(due).toHaveBeenCalledOnce();
});

test("nothing is armed after stop: the timer would keep the connection in memory", () => {
  const due = vi.fn();
  const deadlines = new Deadlines(due);
  deadlines.arm(performance.now() + 100);
  deadlines.stop();
  deadlines.arm(performance.now() + 100);
  deadlines.idle = performance.now() + 200;
  deadlines.rearm();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(1000);
  expect(due).not.toHaveBeenCalled();
});
