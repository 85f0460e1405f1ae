// Exponential back-off between attempts to connect
// (https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md).

/** The back-off between attempts to connect. A wait counts from the start of the failed attempt. */
export interface BackoffOptions {
  /** The first wait, in milliseconds. Default: 1,000. */
  readonly initialMs?: number | undefined;
  /** The factor by which each wait exceeds the previous one, at least 1. Default: 1.6. */
  readonly factor?: number | undefined;
  /** The longest wait, in milliseconds. Default: 120,000. */
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
    const ms = Math.min(this.#ms, maxMs);
    this.#ms = Math.min(ms * factor, maxMs);
    return ms * (1 + jitter * (2 * Math.random() - 1));
  }

  /** Restarts the back-off after a success. */
  reset(): void {
    this.#ms = this.#policy.initialMs;
  }
}
