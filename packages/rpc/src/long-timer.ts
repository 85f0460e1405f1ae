// A timer for a duration that a peer or a caller has chosen.
//
// For each duration of a timer, Node keeps a list until that time has passed, even if the timer was
// cleared. Deadlines have arbitrary durations, so each call would leave a list behind, for hours or
// for weeks if a peer asks for it. This timer waits in steps instead. Each step is a power of two
// milliseconds long, and there are 31 of them. All timers in steps of the same length share one
// Node timer, which costs more CPU time than a small call.
//
// Tests replace the clock and the timers of the process, by virtual time or by the fake timers of a
// test runner. Deadlines follow: the steps are armed anew, and the time that is left stays the same.
import { outside } from "./propagation/current.ts";

const longestStep = 30;

const original = Date;
/** The timers and the `Date` that the steps are armed with. */
let set = setTimeout;
let clear = clearTimeout;
let date = Date;
/** The last time that `now()` returned, and how far it is ahead of the process's clock. */
let lastMs = 0;
let aheadMs = 0;

/** A monotonic clock in milliseconds. */
export function now(): number {
  followClock();
  const ms = clock() + aheadMs;
  // The same fake timers have begun anew.
  if (ms < lastMs) restart();
  else lastMs = ms;
  return lastMs;
}

/** The mocked timers of node:test replace `Date`, and leave `performance.now()` as it is. */
function clock(): number {
  return date === original ? performance.now() : date.now();
}

/** Goes on with the clock and the timers that the process has now, if they have been replaced. */
export function followClock(): void {
  if (set !== setTimeout || date !== Date) restart();
}

function restart(): void {
  for (const step of steps) step.disarm();
  set = setTimeout;
  clear = clearTimeout;
  date = Date;
  aheadMs = lastMs - clock();
  for (const step of steps) step.arm(lastMs);
}

export class LongTimer {
  readonly #atMs: number;
  readonly #timeUp: () => void;
  #step: Step | undefined = undefined;
  /**
   * When the current step ends, by `now()`. `Step` sets this field and the two below.
   */
  stepEndMs = 0;
  previous: LongTimer | undefined = undefined;
  next: LongTimer | undefined = undefined;

  /** @param ms milliseconds. With Infinity, the timer never fires. */
  constructor(timeUp: () => void, ms: number) {
    this.#timeUp = timeUp;
    const nowMs = now();
    this.#atMs = nowMs + ms;
    this.#wait(nowMs, ms);
  }

  clear(): void {
    this.#step?.delete(this);
    this.#step = undefined;
  }

  /** Fires, or begins the next step. */
  onStepEnd(nowMs: number): void {
    this.#step = undefined;
    const leftMs = this.#atMs - nowMs;
    // Node's timers fire up to a millisecond early.
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

/** The timers whose current step has one length, ordered by the end of that step. */
class Step {
  readonly #ms: number;
  #first: LongTimer | undefined = undefined;
  #last: LongTimer | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  /** When `#timer` fires. */
  #timerMs = 0;
  readonly #run = (): void => {
    this.#timer = undefined;
    // Timers may be fake without the clock. Node's own fire a millisecond early at most.
    const earlyMs = this.#timerMs - now();
    if (earlyMs > 2) aheadMs += earlyMs;
    const nowMs = now();
    try {
      while (this.#first !== undefined && this.#first.stepEndMs - nowMs < 1) {
        const timer = this.#first;
        this.delete(timer);
        timer.onStepEnd(nowMs);
      }
    } finally {
      this.arm(nowMs);
    }
  };

  constructor(ms: number) {
    this.#ms = ms;
  }

  add(timer: LongTimer, nowMs: number): void {
    timer.stepEndMs = nowMs + this.#ms;
    timer.previous = this.#last;
    if (this.#last !== undefined) this.#last.next = timer;
    this.#last = timer;
    if (this.#first === undefined) {
      this.#first = timer;
      this.arm(nowMs);
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
    if (this.#first === undefined) this.disarm();
  }

  /** Starts the Node timer for the first timer, unless it is running. */
  arm(nowMs: number): void {
    if (this.#first === undefined || this.#timer !== undefined) return;
    const ms = Math.max(this.#first.stepEndMs - nowMs, 1);
    this.#timerMs = nowMs + ms;
    // Several calls share the timer, so it runs outside of all of them.
    this.#timer = outside(() => set(this.#run, ms));
  }

  disarm(): void {
    if (this.#timer === undefined) return;
    clear(this.#timer);
    this.#timer = undefined;
  }
}

const steps: readonly Step[] = Array.from({ length: longestStep + 1 }, (_, exponent) => new Step(2 ** exponent));
