// A queue of the calls that wait for a connection, or for room on one, in the order of arrival.
//
// It is a linked list because calls can leave at any position. A removed call drops its links, so
// that it keeps no other call alive (see linked-set.ts).
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

  /** Does nothing if the call has left the queue. */
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
