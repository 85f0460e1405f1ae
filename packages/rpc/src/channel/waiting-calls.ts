// The calls that wait for a connection, or for room on one, and their timeout.
import type { RpcError } from "../protocol/error.ts";
import type { OutgoingCall } from "../transport/client.ts";
import type { AttemptListener, Connection } from "../transport/connection.ts";
import { CallQueue } from "./call-queue.ts";
import { PendingAttempt, type WaitingRoom } from "./pending-attempt.ts";

/** What the queue needs from its channel. */
export interface WaitingCallsOwner {
  readonly isConnected: boolean;
  /** The error for calls whose wait has timed out. */
  readonly waitFailure: RpcError;
  /** The step of connecting that is in progress, if any. */
  readonly waitsFor: string | undefined;
  /** The last waiting call has left. */
  onEmpty(): void;
}

/** The longest delay of a timer, in milliseconds. */
const longestMs = 2 ** 30;

export class WaitingCalls implements WaitingRoom {
  readonly #timeoutMs: number;
  readonly #owner: WaitingCallsOwner;
  readonly #queue = new CallQueue();
  /** `performance.now()` when the last connection was lost. */
  #downMs = Number.NEGATIVE_INFINITY;
  /**
   * Ends waits, and keeps the process alive while there are any. All calls wait for the same time,
   * so one timer serves them. It fires at the end of the first wait or earlier.
   */
  #timer: NodeJS.Timeout | undefined;

  /** @param timeoutMs how long a call without `waitForReady` waits for a connection. */
  constructor(timeoutMs: number, owner: WaitingCallsOwner) {
    this.#timeoutMs = timeoutMs;
    this.#owner = owner;
  }

  get waitsFor(): string | undefined {
    return this.#owner.waitsFor;
  }

  get isEmpty(): boolean {
    return this.#queue.first === undefined;
  }

  add(call: OutgoingCall, listener: AttemptListener): PendingAttempt {
    const attempt = new PendingAttempt(call, listener, this, performance.now());
    this.#queue.add(attempt);
    if (this.#timer === undefined) this.#setTimer(this.#timeoutMs);
    else this.#timer.ref();
    return attempt;
  }

  leave(attempt: PendingAttempt): void {
    this.#queue.delete(attempt);
    this.#checkEmpty();
  }

  /** Opens calls in order of arrival while there are connections with room. */
  open(pick: () => Connection | undefined): void {
    for (let first = this.#queue.first; first !== undefined; first = this.#queue.first) {
      const connection = pick();
      if (connection === undefined) return;
      this.#queue.delete(first);
      first.start(connection);
    }
    this.#checkEmpty();
  }

  /** The last connection was lost. Calls that waited for room now wait for a connection. */
  disconnected(): void {
    this.#downMs = performance.now();
  }

  /** Fails the calls without `waitForReady`. */
  fail(): void {
    this.#fail(() => true);
    this.#checkEmpty();
  }

  #setTimer(ms: number): void {
    this.#timer = setTimeout(() => this.#timeUp(), Math.min(ms, longestMs));
  }

  #timeUp(): void {
    this.#timer = undefined;
    let nextMs = this.#timeoutMs;
    // With a connection, calls wait for room on it, without a limit.
    if (!this.#owner.isConnected) {
      const nowMs = performance.now();
      this.#fail(({ sinceMs }) => {
        const leftMs = Math.max(sinceMs, this.#downMs) + this.#timeoutMs - nowMs;
        if (leftMs >= 1) nextMs = Math.min(nextMs, leftMs);
        return leftMs < 1;
      });
    }
    if (!this.isEmpty && this.#timer === undefined) this.#setTimer(nextMs);
    this.#checkEmpty();
  }

  /** Fails the calls without `waitForReady` that match the predicate. */
  #fail(hasToEnd: (attempt: PendingAttempt) => boolean): void {
    const failed: PendingAttempt[] = [];
    for (let each = this.#queue.first; each !== undefined; each = each.next) {
      if (each.call.waitForReady !== true && hasToEnd(each)) failed.push(each);
    }
    if (failed.length === 0) return;
    const failure = this.#owner.waitFailure;
    for (const attempt of failed) {
      // The listener of an earlier one may have cancelled it.
      if (!attempt.queued) continue;
      this.#queue.delete(attempt);
      attempt.fail(failure);
    }
  }

  #checkEmpty(): void {
    if (!this.isEmpty) return;
    this.#timer?.unref();
    this.#owner.onEmpty();
  }
}
