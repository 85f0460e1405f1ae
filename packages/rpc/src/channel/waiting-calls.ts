// Calls that wait for a connection, or for room on one, and for how long they do.
import type { RpcError } from "../protocol/error.ts";
import type { OutgoingCall } from "../transport/client.ts";
import type { AttemptListener, Connection } from "../transport/connection.ts";
import { CallQueue } from "./call-queue.ts";
import { PendingAttempt, type WaitingRoom } from "./pending-attempt.ts";

/** The channel that they wait for. */
export interface WaitingCallsOwner {
  readonly isConnected: boolean;
  /** What calls fail with that wait no longer. */
  readonly waitFailure: RpcError;
  /** The step of connecting that calls wait for. Undefined: none. */
  readonly waitsFor: string | undefined;
  /** No call waits any more. */
  onQuiet(): void;
}

/** The longest time of a timer, in milliseconds. */
const longestMs = 2 ** 30;

export class WaitingCalls implements WaitingRoom {
  readonly #timeoutMs: number;
  readonly #owner: WaitingCallsOwner;
  readonly #queue = new CallQueue();
  /** `performance.now()` when the last connection was lost. */
  #downMs = Number.NEGATIVE_INFINITY;
  /**
   * Ends waits, and keeps the process alive as long as there are any. All calls wait equally long, so that one timer serves them: it is never later than the end of a
   * wait, and often earlier.
   */
  #timer: NodeJS.Timeout | undefined;

  /** @param timeoutMs how long a call waits for a connection, unless it has `waitForReady`. */
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
    this.#rest();
  }

  /** Opens calls in the order in which they came, as long as there are connections for them. */
  open(pick: () => Connection | undefined): void {
    for (let first = this.#queue.first; first !== undefined; first = this.#queue.first) {
      const connection = pick();
      if (connection === undefined) return;
      this.#queue.delete(first);
      first.start(connection);
    }
    this.#rest();
  }

  /** The last connection was lost: calls that waited for room wait for a connection from now on. */
  disconnected(): void {
    this.#downMs = performance.now();
  }

  /** Fails the calls that do not wait while connections fail. */
  fail(): void {
    this.#fail(() => true);
    this.#rest();
  }

  #setTimer(ms: number): void {
    this.#timer = setTimeout(() => this.#timeUp(), Math.min(ms, longestMs));
  }

  #timeUp(): void {
    this.#timer = undefined;
    let nextMs = this.#timeoutMs;
    // Where there is a connection, calls wait for room on it, and that takes as long as it takes.
    if (!this.#owner.isConnected) {
      const nowMs = performance.now();
      this.#fail(({ sinceMs }) => {
        const leftMs = Math.max(sinceMs, this.#downMs) + this.#timeoutMs - nowMs;
        if (leftMs >= 1) nextMs = Math.min(nextMs, leftMs);
        return leftMs < 1;
      });
    }
    if (!this.isEmpty && this.#timer === undefined) this.#setTimer(nextMs);
    this.#rest();
  }

  /** Calls with `waitForReady` do not count. */
  #fail(hasToEnd: (attempt: PendingAttempt) => boolean): void {
    const failed: PendingAttempt[] = [];
    for (let each = this.#queue.first; each !== undefined; each = each.next) {
      if (each.call.waitForReady !== true && hasToEnd(each)) failed.push(each);
    }
    if (failed.length === 0) return;
    const failure = this.#owner.waitFailure;
    for (const attempt of failed) {
      // A listener may have cancelled it.
      if (!attempt.queued) continue;
      this.#queue.delete(attempt);
      attempt.fail(failure);
    }
  }

  #rest(): void {
    if (!this.isEmpty) return;
    this.#timer?.unref();
    this.#owner.onQuiet();
  }
}
