import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LongTimer } from "./long-timer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const durations = [1.5, 2, 999, 1_000, 1_001, 59_873, 3_600_000, 86_400_123, 2 ** 31, 2 ** 33 + 12_345];

test.each(durations)("%d ms: fires once, and not too early", async (ms) => {
  const timeUp = vi.fn();
  new LongTimer(timeUp, ms);
  await vi.advanceTimersByTimeAsync(Math.max(ms - 2, 0));
  if (ms > 2) expect(timeUp).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(4);
  expect(timeUp).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(timeUp).toHaveBeenCalledTimes(1);
});

test.each(durations)("%d ms: never fires once it is cleared, and leaves no timer behind", async (ms) => {
  const timeUp = vi.fn();
  const timer = new LongTimer(timeUp, ms);
  await vi.advanceTimersByTimeAsync(Math.max(ms / 2 - 1, 0));
  timer.clear();
  await vi.advanceTimersByTimeAsync(ms + 10);
  expect(timeUp).toHaveBeenCalledTimes(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("ten thousand durations share about thirty Node timers", () => {
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

test("Infinity: never fires", async () => {
  const timeUp = vi.fn();
  const timer = new LongTimer(timeUp, Number.POSITIVE_INFINITY);
  await vi.advanceTimersByTimeAsync(2 ** 34);
  expect(timeUp).not.toHaveBeenCalled();
  timer.clear();
});

test("timers fire in order, whenever they are set and whichever are cleared", async () => {
  const fired: number[] = [];
  const timers = new Map<number, LongTimer>();
  const due: number[] = [];
  for (let index = 0; index < 500; index++) {
    const ms = 1 + ((index * 7_919) % 3_000);
    const atMs = performance.now() + ms;
    timers.set(
      index,
      new LongTimer(() => {
        fired.push(index);
        expect(Math.abs(performance.now() - atMs)).toBeLessThan(3);
      }, ms),
    );
    await vi.advanceTimersByTimeAsync(index % 3);
    if (index % 5 !== 0) due.push(index);
    else if (!fired.includes(index)) timers.get(index)?.clear();
    else due.push(index);
  }
  await vi.advanceTimersByTimeAsync(4_000);
  expect(fired.sort((a, b) => a - b)).toEqual(due);
  expect(vi.getTimerCount()).toBe(0);
});

test("a hundred equal timers share one Node timer, which is set again after it fires", async () => {
  const set = vi.spyOn(globalThis, "setTimeout");
  const first = new LongTimer(() => {}, 10_000);
  for (let index = 0; index < 100; index++) new LongTimer(() => {}, 9_000 + index).clear();
  expect(set).toHaveBeenCalledTimes(1);
  first.clear();
  expect(vi.getTimerCount()).toBe(0);
});

test("a callback that throws does not affect other timers", async () => {
  const timeUp = vi.fn();
  new LongTimer(() => {
    throw new Error("my own");
  }, 64);
  new LongTimer(timeUp, 64);
  expect(() => vi.advanceTimersByTime(64)).toThrow("my own");
  vi.advanceTimersByTime(2);
  expect(timeUp).toHaveBeenCalledTimes(1);
});
