// Suspends retries while too many calls to a server fail (gRFC A6, throttling).
import type { ThrottlingPolicy } from "./policy.ts";

/** The tokens of one server name. */
export class RetryThrottle {
  readonly #maxTokens: number;
  readonly #tokenRatio: number;
  #tokens: number;

  constructor({ maxTokens, tokenRatio }: ThrottlingPolicy) {
    this.#maxTokens = maxTokens;
    this.#tokenRatio = tokenRatio;
    this.#tokens = maxTokens;
  }

  get tokens(): number {
    return this.#tokens;
  }

  /** Whether retries and hedged attempts are allowed. */
  get open(): boolean {
    return this.#tokens > this.#maxTokens / 2;
  }

  succeeded(): void {
    this.#tokens = Math.min(this.#tokens + this.#tokenRatio, this.#maxTokens);
  }

  /**
   * Counts a failure with a retryable code, or a pushback that forbids a retry. Transparent retries
   * do not count.
   */
  failed(): void {
    this.#tokens = Math.max(this.#tokens - 1, 0);
  }
}
