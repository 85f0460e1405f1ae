// Replaces the timers and the clocks of the process with virtual ones.
import { syncBuiltinESMExports } from "node:module";
import timersModule from "node:timers";
import promisesModule from "node:timers/promises";
import { promisify } from "node:util";
import { timerPromises } from "./timer-promises.ts";
import { VirtualTimer, type VirtualTimers } from "./virtual-timers.ts";

type Callback = (...args: unknown[]) => void;

/**
 * Replaces `setTimeout`, `setInterval`, their `clear` functions, `Date`, `performance.now`,
 * `AbortSignal.timeout`, and the functions of node:timers and node:timers/promises. `setImmediate`
 * stays as it is, because it takes no time.
 *
 * @param startMs the time at the beginning, in milliseconds since 1970.
 * @returns a function that undoes it.
 */
export function replaceClock(timers: VirtualTimers, startMs: number): () => void {
  const undo: (() => void)[] = [];
  const replace = (object: object, name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(object, name);
    Object.defineProperty(object, name, { value, configurable: true, writable: true, enumerable: before?.enumerable ?? true });
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(object, name);
      else Object.defineProperty(object, name, before);
    });
  };

  const { clearTimeout: clearReal } = globalThis;
  const promises = timerPromises(timers);
  const setTimer =
    (repeats: boolean) =>
    (callback: Callback, ms?: number, ...args: unknown[]) => {
      if (typeof callback !== "function") throw new TypeError("the callback of a timer must be a function");
      return timers.set(() => callback(...args), Number(ms ?? 1), repeats);
    };
  const setTimeout = Object.assign(setTimer(false), { [promisify.custom]: promises.setTimeout });
  const setInterval = setTimer(true);
  const clear = (timer: VirtualTimer | NodeJS.Timeout | number | string | undefined): void => {
    if (timer instanceof VirtualTimer) timer.close();
    // A number, or a timer from before.
    else if (typeof timer === "object" || timer === undefined || !timers.delete(Number(timer))) clearReal(timer);
  };
  for (const object of [globalThis, timersModule]) {
    replace(object, "setTimeout", setTimeout);
    replace(object, "setInterval", setInterval);
    replace(object, "clearTimeout", clear);
    replace(object, "clearInterval", clear);
  }
  replace(promisesModule, "setTimeout", promises.setTimeout);
  replace(promisesModule, "setInterval", promises.setInterval);
  replace(promisesModule, "scheduler", Object.create(promisesModule.scheduler, { wait: { value: promises.wait } }));
  replace(AbortSignal, "timeout", promises.signalAfter);

  const performanceMs = performance.now();
  replace(performance, "now", () => performanceMs + timers.nowMs);
  replace(
    globalThis,
    "Date",
    dateAt(() => startMs + timers.nowMs),
  );
  syncBuiltinESMExports();
  return () => {
    for (const one of undo.toReversed()) one();
    syncBuiltinESMExports();
  };
}

/** `Date` with another present. Its dates are ordinary ones, also for `instanceof`. */
function dateAt(now: () => number): DateConstructor {
  return new Proxy(Date, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    apply: (target) => new target(now()).toString(),
    get: (target, name) => (name === "now" ? now : Reflect.get(target, name)) as unknown,
  });
}
