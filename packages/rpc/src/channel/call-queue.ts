// Calls that wait for a connection, or for room on it, in the order in which they came.
//
// A linked list: calls come and leave at any place, and what has left refers to no other (see linked-set.ts).
import type { PendingAttempt } from "./pending-attempt.ts";

export class CallQueue {
  #first: PendingAttempt | undefined;
  #last: PendingAttempt | undefined;

  get first(): PendingAttempt | undefined {
    return this.#first;
  }

  add(attempt: PendingAttempt): void {
    attempt.queued = true;
    attempt.previous = this.#last;
    if (this.#last === undefined) this.#first = attempt;
    else this.#last.next = attempt;
    this.#last = attempt;
  }

  /** Does nothing if it does not wait any more. */
  delete(attempt: PendingAttempt): void {
    if (!attempt.queued) return;
    const { previous, next } = attempt;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    attempt.queued = false;
    attempt.previous = undefined;
    attempt.next = undefined;
  }
}
