// How long to wait between attempts to connect (https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md).

/** Times are milliseconds. */
export interface BackoffOptions {
  /** From the start of the first attempt to that of the second. Default: 1,000. */
  readonly initialMs?: number | undefined;
  /** How much longer each wait is than the one before. Default: 1.6. */
  readonly factor?: number | undefined;
  /** The longest wait. Default: 120,000. */
  readonly maxMs?: number | undefined;
  /** How far each wait is from its time at most, as a part of it. Default: 0.2. */
  readonly jitter?: number | undefined;
}

/** What `BackoffOptions` come to. */
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

  /** How long to wait from the start of the attempt that failed. */
  next(): number {
    const { factor, maxMs, jitter } = this.#policy;
    const ms = Math.min(this.#ms, maxMs);
    this.#ms = Math.min(ms * factor, maxMs);
    return ms * (1 + jitter * (2 * Math.random() - 1));
  }

  /** After a success. */
  reset(): void {
    this.#ms = this.#policy.initialMs;
  }
}
