// Delivers what one end of a call sends to the other end in the next turn of the event loop, as a
// socket would. So no end is called while it is calling, and two ends that answer each other do not
// starve timers and sockets.

import { outside } from "../../propagation/current.ts";

/** The original function: in-process calls also work in tests with fake timers. */
const { setImmediate } = globalThis;

export interface Due {
  /** Whether `deliver` is scheduled for the next turn. `Turn` sets it. */
  due: boolean;
  deliver(): void;
}

let delivered = 0;

/** The number of turns in which something was delivered so far. Virtual time waits until it rests. */
export function deliveredTurns(): number {
  return delivered;
}

export class Turn {
  #waiting: Due[] = [];
  readonly #run = (): void => {
    delivered++;
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
    // The calls of a turn share it, so it runs outside of each of them.
    if (this.#waiting.push(one) === 1) outside(() => setImmediate(this.#run));
  }
}
