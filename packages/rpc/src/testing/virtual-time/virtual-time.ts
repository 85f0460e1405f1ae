// Time that only a test moves.
import { checkCount, checkNumber, checkOptionNames, type Names } from "../../checks.ts";
import { followClock } from "../../long-timer.ts";
import { deliveredTurns } from "../../transport/in-process/turn.ts";
import { replaceClock } from "./replace-clock.ts";
import { VirtualTimers } from "./virtual-timers.ts";

/** Options of `virtualTime()`. */
export interface VirtualTimeOptions {
  /** The time at the beginning, as a Date or in milliseconds since 1970. Default: the present. */
  readonly start?: Date | number | undefined;
}

/** The time of this process, while a test moves it. Disposing of it brings real time back. */
export interface VirtualTime extends Disposable {
  /** The milliseconds that have passed. */
  readonly elapsedMs: number;
  /**
   * Lets this many milliseconds pass. Timers fire in order, each at its time, and what a timer sets
   * off happens before the next one fires: promises, calls in this process, and sockets on loopback
   * between servers and clients of this process. With 0, no time passes, and calls that need none
   * advance as far as they can.
   *
   * Rejects with what the callback of a timer throws.
   */
  advance(ms: number): Promise<void>;
}

/** The original: it also works with the fake timers of a test runner. */
const { setImmediate } = globalThis;

/**
 * The turns of the event loop without activity after which nothing happens any more without time.
 */
const quietTurns = 40;

/** Grows with deliveries within the process, and with events of sockets (since Node 22.8). */
function activity(): number {
  const { uvMetricsInfo } = performance.nodeTiming as { readonly uvMetricsInfo?: { readonly events: number } };
  return deliveredTurns() + (uvMetricsInfo?.events ?? 0);
}

/** Streams that go on without time do not stop it for ever. */
const longestTurns = 20_000;

function settle(): Promise<void> {
  return new Promise((resolve) => {
    let seen = activity();
    let quiet = 0;
    let left = longestTurns;
    const turn = (): void => {
      const now = activity();
      quiet = now === seen ? quiet + 1 : 0;
      seen = now;
      if (quiet === quietTurns || --left === 0) resolve();
      else setImmediate(turn);
    };
    setImmediate(turn);
  });
}

class TestTime implements VirtualTime {
  readonly #timers = new VirtualTimers();
  readonly #undo: () => void;
  #advancing = false;
  #over = false;

  constructor(startMs: number) {
    this.#undo = replaceClock(this.#timers, startMs);
    followClock();
  }

  get elapsedMs(): number {
    return this.#timers.nowMs;
  }

  async advance(ms: number): Promise<void> {
    checkCount("the milliseconds of advance()", ms, 0);
    if (ms === Number.POSITIVE_INFINITY) throw new RangeError("the milliseconds of advance() must be finite");
    if (this.#over) throw new TypeError("advance() was called after virtual time has ended");
    if (this.#advancing) throw new TypeError("advance() is running already: await it before you call it again");
    this.#advancing = true;
    try {
      const untilMs = this.elapsedMs + ms;
      await settle();
      while (!this.#over && this.#timers.runNext(untilMs)) await settle();
    } finally {
      this.#advancing = false;
    }
  }

  [Symbol.dispose](): void {
    if (this.#over) return;
    this.#over = true;
    this.#undo();
    current = undefined;
    followClock();
  }
}

let current: TestTime | undefined;

/**
 * Replaces the time of this process until the returned object is disposed of: `setTimeout` and
 * `setInterval` (also those of node:timers and node:timers/promises), `Date`, `performance.now`, and
 * `AbortSignal.timeout`. All times of this package run on it: deadlines, keepalive, backoff,
 * retries, and graceful shutdown. Create servers and clients after it, and dispose of it before you
 * shut servers down, since a shutdown waits for it. When it is disposed of, timers that have not
 * fired are dropped, and deadlines of running calls go on in real time.
 *
 * `process.hrtime`, other processes, and threads keep real time: `advance()` does not wait for files,
 * name resolution, node:crypto and node:zlib. Bun, Deno and Jest also keep real time for functions
 * that are imported by name from node:timers and node:timers/promises.
 *
 * @example
 * using time = virtualTime();
 * const call = client.sayHello({ name: "Ann" }, { timeoutMs: 5_000 });
 * await time.advance(5_000); // the call ends with DEADLINE_EXCEEDED
 *
 * @throws TypeError if time is virtual already, or for a wrong option.
 */
export function virtualTime(options: VirtualTimeOptions = {}): VirtualTime {
  checkOptionNames("virtualTime()", options, names);
  const { start = Date.now() } = options;
  const startMs = start instanceof Date ? start.getTime() : start;
  checkNumber("start", "a valid Date, or milliseconds since 1970", startMs, Number.isFinite);
  if (current !== undefined) throw new TypeError("time is virtual already: dispose of the other virtualTime() first");
  current = new TestTime(Math.trunc(startMs));
  return current;
}

const names: Names<VirtualTimeOptions> = { start: true };
