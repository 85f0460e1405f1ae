// The clock of deadlines. Deadlines ignore steps of the system clock: a call that waits for a
// connection or a retry ends on time.
import { now } from "./long-timer.ts";

/** Steps of the system clock below this time in milliseconds do not count: the two clocks are read one after the other. */
const leastStepMs = 10;

/** `Date.now()` is rounded down. If the clock has not been set since the process began, this is exact. */
const exactMs = performance.timeOrigin + performance.now();
const originMs = (Math.abs(exactMs - Date.now()) < leastStepMs ? exactMs : Date.now()) - now();

/**
 * Returns milliseconds since 1970, by a clock without steps: the system clock when the process
 * began, and a monotonic clock from then on.
 */
export function steadyNow(): number {
  return Math.floor(originMs + now());
}

/** Converts a time of the steady clock to the system clock, for users: milliseconds since 1970, or Infinity. */
export function toSystemTime(steadyMs: number): number {
  return steadyMs === Number.POSITIVE_INFINITY ? steadyMs : steadyMs + stepsMs();
}

/** Converts a time of the system clock to the steady clock. */
export function toSteadyTime(systemMs: number): number {
  return systemMs === Number.POSITIVE_INFINITY ? systemMs : systemMs - stepsMs();
}

/** How far the system clock has been set forward since the process began. */
function stepsMs(): number {
  const ms = Date.now() - steadyNow();
  return Math.abs(ms) < leastStepMs ? 0 : ms;
}
