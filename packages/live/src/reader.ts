// One subscription: it takes entries from the shared window, and from the log what is older.
import { behind, isUnavailable } from "./error.ts";
import type { Positioned, Subscription } from "./live.ts";
import type { ReadableLog } from "./log.ts";
import { Backoff } from "./retry.ts";
import type { Tail } from "./tail.ts";

/** How many entries a reader that catches up reads at once. */
const pageSize = 256;

interface ReaderOptions<E extends Positioned> {
  readonly log: ReadableLog<E>;
  readonly topic: string;
  readonly tail: Tail<E>;
  readonly position: bigint;
  readonly maxBehind: number;
  readonly signal: AbortSignal | undefined;
}

export function subscription<E extends Positioned>(options: ReaderOptions<E>): Subscription<E> {
  const end = new AbortController();
  const signal = options.signal === undefined ? end.signal : AbortSignal.any([options.signal, end.signal]);
  const reader = new Reader(options, signal);
  const done = { done: true, value: undefined } as const;
  let last: Promise<unknown> = Promise.resolve();
  options.tail.enter();
  let ended = false;
  const leave = () => {
    if (ended) return;
    ended = true;
    options.tail.leave();
  };
  // A reader whose call is cancelled may never ask for another entry.
  if (signal.aborted) leave();
  else signal.addEventListener("abort", leave, { once: true });

  const next = async (): Promise<IteratorResult<E, undefined>> => {
    if (ended) return done;
    try {
      const entry = await reader.next();
      return entry === undefined ? done : { done: false, value: entry };
    } catch (error) {
      end.abort();
      throw error;
    }
  };
  return {
    get position() {
      return reader.position;
    },
    // Calls that overlap are answered in order.
    next() {
      const result = last.then(next, next);
      last = result;
      return result;
    },
    async return() {
      end.abort();
      return done;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

class Reader<E extends Positioned> {
  position: bigint;
  readonly #options: ReaderOptions<E>;
  readonly #signal: AbortSignal;
  #page: readonly E[] = [];
  #inPage = 0;
  /** The number of the next entry in the window's count, once the reader has reached the end. */
  #number: number | undefined;

  constructor(options: ReaderOptions<E>, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.position = options.position;
  }

  /** Returns the next entry, or undefined if the signal aborts. */
  async next(): Promise<E | undefined> {
    const { tail } = this.#options;
    this.#checkDistance();
    while (!this.#signal.aborted) {
      if (tail.error !== undefined) throw tail.error;
      const entry = this.#takeFromPage() ?? this.#takeFromWindow();
      if (entry !== undefined) return entry;
      if (this.position < tail.window.start) await this.#readPage();
      else await tail.changed(this.#signal);
    }
    return undefined;
  }

  /** Checks when the reader asks, so that one that waits receives a burst of entries. */
  #checkDistance(): void {
    const { tail, topic, maxBehind } = this.#options;
    if (this.#signal.aborted || this.#number === undefined) return;
    const distance = tail.window.count - this.#number;
    if (distance > maxBehind) throw behind(topic, this.position, distance);
  }

  #takeFromPage(): E | undefined {
    const entry = this.#page[this.#inPage];
    if (entry === undefined) return undefined;
    this.#inPage++;
    this.position = entry.position;
    if (this.#number !== undefined) this.#number++;
    return entry;
  }

  #takeFromWindow(): E | undefined {
    const { window } = this.#options.tail;
    if (this.position < window.start) return undefined;
    const found = window.after(this.position);
    if (found === undefined) {
      // The log may have shown entries that the window has yet to receive.
      if (window.end >= this.position) this.#number = window.count;
      return undefined;
    }
    if (this.#number !== undefined) this.#number = found.number + 1;
    this.position = found.entry.position;
    return found.entry;
  }

  async #readPage(): Promise<void> {
    const { log, topic, tail } = this.#options;
    const { start } = tail.window;
    const backoff = new Backoff();
    while (!this.#signal.aborted && tail.error === undefined) {
      try {
        this.#page = await log.read(topic, this.position, pageSize);
        this.#inPage = 0;
        // The topic has no entries between the position and the window.
        if (this.#page.length === 0) this.position = start;
        return;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        await backoff.wait(this.#signal);
      }
    }
  }
}
