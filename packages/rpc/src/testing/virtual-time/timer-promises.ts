// The functions of node:timers/promises, and AbortSignal.timeout(), on virtual timers.
import type { TimerOptions } from "node:timers";
import type { VirtualTimers } from "./virtual-timers.ts";

/** As Node's AbortError. */
function abortError(signal: AbortSignal): Error {
  const error = new Error("The operation was aborted", { cause: signal.reason });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}

export function timerPromises(timers: VirtualTimers) {
  const setTimeout = <T>(ms = 1, value?: T, { signal }: TimerOptions = {}): Promise<T> => {
    if (signal?.aborted) return Promise.reject(abortError(signal));
    return new Promise<T>((resolve, reject) => {
      const onAbort = () => {
        timer.close();
        reject(abortError(signal as AbortSignal));
      };
      const timer = timers.set(
        () => {
          signal?.removeEventListener("abort", onAbort);
          resolve(value as T);
        },
        ms,
        false,
      );
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  };

  async function* setInterval<T>(ms = 1, value?: T, options?: TimerOptions): AsyncGenerator<T, void> {
    for (let due = timers.nowMs + ms; ; due += ms) {
      await setTimeout(due - timers.nowMs, undefined, options);
      yield value as T;
    }
  }

  const wait = (ms: number, options?: TimerOptions): Promise<void> => setTimeout(ms, undefined, options);

  /** `AbortSignal.timeout()`. */
  const signalAfter = (ms: number): AbortSignal => {
    const controller = new AbortController();
    timers.set(() => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")), ms, false);
    return controller.signal;
  };

  return { setTimeout, setInterval, wait, signalAfter };
}
