// What one end of a call sends reaches the other end in the next turn of the event loop, as over a socket. An end is never called while it
// calls, and two ends that answer each other do not starve timers and sockets.

/** Kept from the start: calls go on in tests that replace the timers of Node. */
const { setImmediate } = globalThis;

export interface Due {
  /** Whether it waits for the next turn. `Turn` sets it. */
  due: boolean;
  deliver(): void;
}

export class Turn {
  #waiting: Due[] = [];
  readonly #run = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      one.due = false;
      one.deliver();
    }
  };

  /** Calls `deliver` in the next turn. */
  add(one: Due): void {
    if (one.due) return;
    one.due = true;
    if (this.#waiting.push(one) === 1) setImmediate(this.#run);
  }
}
