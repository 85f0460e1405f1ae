// When what one end of a call has sent reaches the other: in the next turn of the event loop, as over a socket. Neither end is called while it calls, and two
// ends that answer each other leave timers and sockets their turn.

/** Tests that replace the timers of Node do not stop the calls. */
const { setImmediate } = globalThis;

export interface Due {
  /** Whether it waits for the next turn. The turn's own. */
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
