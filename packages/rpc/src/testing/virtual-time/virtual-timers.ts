// Timers on a clock that only `runNext` moves.
import { AsyncResource } from "node:async_hooks";

/** The longest delay of Node's timers in milliseconds. A longer one fires after one millisecond. */
const longestMs = 2 ** 31 - 1;

/** Above the ids of Node's timers. */
let lastId = 2 ** 40;

/** What `setTimeout` and `setInterval` return: the members of Node's `Timeout`. */
export class VirtualTimer {
  readonly id = ++lastId;
  readonly #timers: VirtualTimers;
  readonly #run: () => void;
  readonly #ms: number;
  readonly #repeats: boolean;
  #referenced = true;
  dueMs = 0;

  constructor(timers: VirtualTimers, run: () => void, ms: number, repeats: boolean) {
    this.#timers = timers;
    // As with Node's timers, the callback runs in the async context of the one who set the timer.
    this.#run = AsyncResource.bind(run);
    this.#ms = ms >= 1 && ms <= longestMs ? Math.trunc(ms) : 1;
    this.#repeats = repeats;
    this.refresh();
  }

  /** Starts the time of the timer anew. */
  refresh(): this {
    this.dueMs = this.#timers.nowMs + this.#ms;
    this.#timers.add(this);
    return this;
  }

  fire(): void {
    if (this.#repeats) this.refresh();
    this.#run();
  }

  ref(): this {
    this.#referenced = true;
    return this;
  }

  unref(): this {
    this.#referenced = false;
    return this;
  }

  hasRef(): boolean {
    return this.#referenced;
  }

  close(): this {
    this.#timers.delete(this.id);
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.toPrimitive](): number {
    return this.id;
  }
}

export class VirtualTimers {
  /** The milliseconds that have passed. */
  nowMs = 0;
  readonly #pending = new Map<number, VirtualTimer>();

  set(run: () => void, ms: number, repeats: boolean): VirtualTimer {
    return new VirtualTimer(this, run, ms, repeats);
  }

  /** Adds a timer behind those that are due at the same time. */
  add(timer: VirtualTimer): void {
    this.#pending.delete(timer.id);
    this.#pending.set(timer.id, timer);
  }

  /** Returns whether there was such a timer. */
  delete(id: number): boolean {
    return this.#pending.delete(id);
  }

  /**
   * Moves the clock to the next timer that is due by then, and fires it. Returns `false` if there is
   * none; the clock then shows `untilMs`.
   *
   * @throws what the callback throws.
   */
  runNext(untilMs: number): boolean {
    let next: VirtualTimer | undefined;
    for (const timer of this.#pending.values()) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    this.nowMs = next?.dueMs ?? untilMs;
    if (next === undefined) return false;
    this.#pending.delete(next.id);
    next.fire();
    return true;
  }
}
