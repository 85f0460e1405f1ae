// Exponential back-off between attempts to connect
// (https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md).

/** The back-off between attempts to connect. A wait counts from the start of the failed attempt. */
export interface BackoffOptions {
  /** The first wait, in milliseconds. Default: 1,000. */
  readonly initialMs?: number | undefined;
  /** The factor by which each wait exceeds the previous one, at least 1. Default: 1.6. */
  readonly factor?: number | undefined;
  /** The longest wait, in milliseconds. Waits are never longer than 24.8 days. Default: 120,000. */
  readonly maxMs?: number | undefined;
  /** The largest random deviation from each wait, as a fraction from 0 to 1. Default: 0.2. */
  readonly jitter?: number | undefined;
}

/** `BackoffOptions` with defaults applied. */
export interface BackoffPolicy {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: number;
}

/** The longest delay of Node's timers. A longer one fires at once, and would make attempts a loop. */
const longestMs = 2 ** 31 - 1;

export class Backoff {
  readonly #policy: BackoffPolicy;
  #ms: number;

  constructor(policy: BackoffPolicy) {
    this.#policy = policy;
    this.#ms = policy.initialMs;
  }

  /** The next wait in milliseconds, from the start of the failed attempt. */
  next(): number {
    const { factor, maxMs, jitter } = this.#policy;
    const ms = Math.min(this.#ms, maxMs, longestMs);
    this.#ms = ms * factor;
    return Math.min(ms * (1 + jitter * (2 * Math.random() - 1)), longestMs);
  }

  /** Restarts the back-off after a success. */
  reset(): void {
    this.#ms = this.#policy.initialMs;
  }
}
