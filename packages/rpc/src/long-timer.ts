// A timer for a time that a peer, or a caller, has chosen.
//
// Node keeps a list for each duration of a timer until that time is over, even if the timer was cleared. Deadlines have any duration, so
// each call would leave a list: for hours, or for weeks if a peer asks for it. This timer waits in steps of a power of two instead, of
// which there are 31. All timers in a step of the same length share one timer of Node, which costs more CPU time than a small call.

const longestStep = 30;

export class LongTimer {
  readonly #atMs: number;
  readonly #timeUp: () => void;
  #step: Step | undefined = undefined;
  /** When the step ends, by `performance.now()`. `Step` sets it, and the two fields below. */
  lookMs = 0;
  previous: LongTimer | undefined = undefined;
  next: LongTimer | undefined = undefined;

  /** @param ms milliseconds. Infinity: it never fires. */
  constructor(timeUp: () => void, ms: number) {
    this.#timeUp = timeUp;
    const nowMs = performance.now();
    this.#atMs = nowMs + ms;
    this.#wait(nowMs, ms);
  }

  clear(): void {
    this.#step?.delete(this);
    this.#step = undefined;
  }

  /** Fires, or begins the next step. Called when a step is over. */
  look(nowMs: number): void {
    this.#step = undefined;
    const leftMs = this.#atMs - nowMs;
    // Timers are up to a millisecond early.
    if (leftMs < 1) this.#timeUp();
    else this.#wait(nowMs, leftMs);
  }

  #wait(nowMs: number, ms: number): void {
    const exponent = ms < 2 ? 0 : Math.min(Math.floor(Math.log2(ms)), longestStep);
    const step = steps[exponent] as Step;
    this.#step = step;
    step.add(this, nowMs);
  }
}

/** The timers in a step of one length, in the order in which their steps end. */
class Step {
  readonly #ms: number;
  #first: LongTimer | undefined = undefined;
  #last: LongTimer | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  readonly #run = (): void => {
    this.#timer = undefined;
    const nowMs = performance.now();
    try {
      while (this.#first !== undefined && this.#first.lookMs - nowMs < 1) {
        const timer = this.#first;
        this.delete(timer);
        timer.look(nowMs);
      }
    } finally {
      this.#arm(nowMs);
    }
  };

  constructor(ms: number) {
    this.#ms = ms;
  }

  add(timer: LongTimer, nowMs: number): void {
    timer.lookMs = nowMs + this.#ms;
    timer.previous = this.#last;
    if (this.#last !== undefined) this.#last.next = timer;
    this.#last = timer;
    if (this.#first === undefined) {
      this.#first = timer;
      this.#arm(nowMs);
    }
  }

  delete(timer: LongTimer): void {
    const { previous, next } = timer;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    timer.previous = undefined;
    timer.next = undefined;
    if (this.#first === undefined && this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  /** Sets the timer of Node for the first timer, unless it is set for an earlier one. */
  #arm(nowMs: number): void {
    if (this.#first !== undefined && this.#timer === undefined) {
      this.#timer = setTimeout(this.#run, Math.max(this.#first.lookMs - nowMs, 1));
    }
  }
}

const steps: readonly Step[] = Array.from({ length: longestStep + 1 }, (_, exponent) => new Step(2 ** exponent));
