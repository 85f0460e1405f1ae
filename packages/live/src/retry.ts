import { setTimeout as sleep } from "node:timers/promises";

const firstDelayMs = 50;
const maxDelayMs = 1_000;

/** Doubles the delay from try to try, up to a second. */
export class Backoff {
  #delayMs = firstDelayMs;

  reset(): void {
    this.#delayMs = firstDelayMs;
  }

  /** Waits before the next try, or until the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const delayMs = this.#delayMs * (0.5 + Math.random() / 2);
    this.#delayMs = Math.min(this.#delayMs * 2, maxDelayMs);
    await sleep(delayMs, undefined, { signal }).catch(() => {});
  }
}
