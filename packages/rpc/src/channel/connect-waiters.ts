// The pending promises of `connect()`: they wait for a connection without a call.
import type { RpcError } from "../protocol/error.ts";

interface Waiter {
  readonly owner: object;
  readonly timer: NodeJS.Timeout;
  resolve(): void;
  reject(error: RpcError): void;
}

/** The longest delay of a timer, in milliseconds. */
const longestMs = 2 ** 30;

export class ConnectWaiters {
  readonly #waiters = new Set<Waiter>();

  get isEmpty(): boolean {
    return this.#waiters.size === 0;
  }

  /** @param timedOut creates the error with which the promise rejects after `timeoutMs`. */
  add(owner: object, timeoutMs: number, timedOut: () => RpcError): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // The timer also keeps the process alive, even if it never fires.
    const timer = setTimeout(
      () => {
        if (!Number.isFinite(timeoutMs)) timer.refresh();
        else if (this.#waiters.delete(waiter)) reject(timedOut());
      },
      Math.min(timeoutMs, longestMs),
    );
    const waiter: Waiter = { owner, timer, resolve, reject };
    this.#waiters.add(waiter);
    return promise;
  }

  /** Resolves all waits: a connection is ready. */
  resolve(): void {
    for (const waiter of this.#waiters) {
      clearTimeout(waiter.timer);
      waiter.resolve();
    }
    this.#waiters.clear();
  }

  /** Rejects the waits of one owner. */
  reject(owner: object, error: RpcError): void {
    for (const waiter of this.#waiters) {
      if (waiter.owner !== owner) continue;
      clearTimeout(waiter.timer);
      waiter.reject(error);
      this.#waiters.delete(waiter);
    }
  }
}
