// A rate limit: a token bucket that is filled from the clock that its caller reads once a chunk.

export class Budget {
  readonly #perSecond: number;
  #tokens: number;
  #filledAt: number;

  /** Allows `perSecond` events a second, and twice as many at once. */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond * 2;
    this.#filledAt = now;
  }

  /** Whether another event fits. `now`: milliseconds. */
  take(now: number): boolean {
    if (now > this.#filledAt) {
      this.#tokens = Math.min(this.#perSecond * 2, this.#tokens + ((now - this.#filledAt) * this.#perSecond) / 1000);
      this.#filledAt = now;
    }
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Allows `events` more than the rate. */
  add(events: number): void {
    this.#tokens += events;
  }
}
