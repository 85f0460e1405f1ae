import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LongTimer } from "./long-timer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const durations = [1.5, 2, 999, 1_000, 1_001, 59_873, 3_600_000, 86_400_123, 2 ** 31, 2 ** 33 + 12_345];

test.each(durations)("%d ms: it fires once, then, and not before", async (ms) => {
  const timeUp = vi.fn();
  new LongTimer(timeUp, ms);
  await vi.advanceTimersByTimeAsync(Math.max(ms - 2, 0));
  if (ms > 2) expect(timeUp).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(4);
  expect(timeUp).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(timeUp).toHaveBeenCalledTimes(1);
});

test.each(durations)("%d ms, cleared in time: it never fires, and no timer is left", async (ms) => {
  const timeUp = vi.fn();
  const timer = new LongTimer(timeUp, ms);
  await vi.advanceTimersByTimeAsync(Math.max(ms / 2 - 1, 0));
  timer.clear();
  await vi.advanceTimersByTimeAsync(ms + 10);
  expect(timeUp).toHaveBeenCalledTimes(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("ten thousand durations make some thirty kinds of long timers", () => {
  const kinds = new Set<number>();
  const real = setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, ms = 0) => {
    kinds.add(ms);
    return real(run, ms);
  }) as typeof setTimeout);
  for (let index = 0; index < 10_000; index++) new LongTimer(() => {}, 1_001 + index * 7_919).clear();
  expect(kinds.size).toBeLessThan(31);
  vi.restoreAllMocks();
});

test("Infinity never ends", async () => {
  const timeUp = vi.fn();
  const timer = new LongTimer(timeUp, Number.POSITIVE_INFINITY);
  await vi.advanceTimersByTimeAsync(2 ** 34);
  expect(timeUp).not.toHaveBeenCalled();
  timer.clear();
});
