// A rate limit: a token bucket. Its caller reads the clock once per chunk.
import type { Limits } from "./limits.ts";

export class Budget {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  /** Allows `perSecond` events per second with a burst of `burst`. Default: twice `perSecond`. */
  constructor(perSecond: number, now: number, burst = perSecond * 2) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** Takes a token. Returns `false` if there is none left. `now` is in milliseconds. */
  take(now: number): boolean {
    if (now > this.#filledAt) {
      const full = this.#burst;
      if (this.#tokens < full) this.#tokens = Math.min(full, this.#tokens + ((now - this.#filledAt) * this.#perSecond) / 1000);
      this.#filledAt = now;
    }
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Adds tokens, up to ten bursts in total. */
  earn(events: number): void {
    const most = this.#burst * 10;
    if (this.#tokens < most) this.#tokens = Math.min(most, this.#tokens + events);
  }

  /** Adds tokens that do not expire. */
  add(events: number): void {
    this.#tokens += events;
  }
}

/** The budgets of a connection. */
export class Budgets {
  readonly refusedStreams: Budget;
  readonly resets: Budget;
  readonly streamErrors: Budget;
  readonly pings: Budget;
  readonly settings: Budget;
  readonly emptyFrames: Budget;
  readonly windowUpdates: Budget;
  readonly ignoredFrames: Budget;

  constructor(limits: Limits, now: number) {
    this.refusedStreams = new Budget(limits.refusedStreamRate, now);
    this.resets = new Budget(limits.resetRate, now, limits.resetBurst);
    this.streamErrors = new Budget(limits.streamErrorRate, now);
    this.pings = new Budget(limits.pingRate, now);
    this.settings = new Budget(limits.settingsRate, now);
    this.emptyFrames = new Budget(limits.emptyFrameRate, now);
    this.windowUpdates = new Budget(limits.windowUpdateRate, now);
    this.ignoredFrames = new Budget(limits.ignoredFrameRate, now);
  }
}
