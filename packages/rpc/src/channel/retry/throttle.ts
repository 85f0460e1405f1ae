// gRFC A6, throttling: retries stop while too many of a server's calls fail.
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

  /** Whether a retry, or a hedged attempt, may be sent. */
  get open(): boolean {
    return this.#tokens > this.#maxTokens / 2;
  }

  succeeded(): void {
    this.#tokens = Math.min(this.#tokens + this.#tokenRatio, this.#maxTokens);
  }

  /** A code that a policy retries, or a pushback that forbids to retry. Nothing else counts, and no transparent retry does. */
  failed(): void {
    this.#tokens = Math.max(this.#tokens - 1, 0);
  }
}
