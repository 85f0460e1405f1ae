// A timer for a time that a peer, or a caller, has chosen.
//
// Node keeps a list for each duration that a timer has been set for, until that time is over, also when the timer has been cleared long before. Deadlines are of
// any duration, so each call would leave such a list: for hours, or for weeks where a peer asks for it. This timer waits in steps
// of a power of two, of which there are few, and exactly at the end only.

/** In milliseconds: below this, lists are few and short-lived. */
const exactMs = 1_000;
const longestStepMs = 2 ** 30;

export class LongTimer {
  readonly #atMs: number;
  readonly #timeUp: () => void;
  #step: NodeJS.Timeout;

  /** @param ms Infinity is for ever. */
  constructor(timeUp: () => void, ms: number) {
    this.#timeUp = timeUp;
    this.#atMs = performance.now() + ms;
    this.#step = this.#wait(ms);
  }

  clear(): void {
    clearTimeout(this.#step);
  }

  #wait(ms: number): NodeJS.Timeout {
    const step = ms <= exactMs ? ms : Math.min(2 ** Math.floor(Math.log2(ms)), longestStepMs);
    return setTimeout(() => this.#look(), step);
  }

  #look(): void {
    const leftMs = this.#atMs - performance.now();
    // Timers are up to a millisecond early.
    if (leftMs < 1) this.#timeUp();
    else this.#step = this.#wait(leftMs);
  }
}
