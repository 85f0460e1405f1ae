// Tokens whose signature has been verified. The signature takes most of the time of a verification.
import type { Identity } from "./identity.ts";

interface Verified {
  readonly identity: Identity;
  /** When the token expires, in milliseconds since 1970. */
  readonly untilMs: number;
  /** The keys that have verified it. */
  readonly generation: number;
}

export class VerifiedTokens {
  readonly #size: number;
  /** The token that has been unused for the longest time first. */
  readonly #tokens = new Map<string, Verified>();

  constructor(size: number) {
    this.#size = size;
  }

  /** Returns the identity of a token that these keys have verified and that has not expired. */
  get(token: string, generation: number): Identity | undefined {
    const verified = this.#tokens.get(token);
    if (verified === undefined) return undefined;
    this.#tokens.delete(token);
    if (verified.generation !== generation || Date.now() >= verified.untilMs) return undefined;
    this.#tokens.set(token, verified);
    return verified.identity;
  }

  set(token: string, verified: Verified): void {
    if (this.#size === 0) return;
    if (this.#tokens.size >= this.#size) {
      for (const oldest of this.#tokens.keys()) {
        this.#tokens.delete(oldest);
        break;
      }
    }
    this.#tokens.set(token, verified);
  }
}
