// Token buckets by key, in bounded memory.
import { createHash } from "node:crypto";

/** A longer key is replaced by its hash: callers may choose keys, of up to the size of metadata. */
const longestKey = 128;

/**
 * Each bucket is one number: the time at which it is full again (the generic cell rate algorithm,
 * ITU-T I.371). A full bucket is equal to a bucket that was never used, so it needs no entry.
 */
export class TokenBuckets {
  readonly #tokenMs: number;
  readonly #burst: number;
  readonly #maxKeys: number;
  /** When each bucket is full again, the bucket that has been unused for the longest time first. */
  readonly #fullAtMs = new Map<string, number>();

  /**
   * @param rate tokens per second.
   * @param burst the capacity of a bucket.
   */
  constructor(rate: number, burst: number, maxKeys: number) {
    this.#tokenMs = 1000 / rate;
    this.#burst = burst;
    this.#maxKeys = maxKeys;
  }

  /** The number of keys in memory. */
  get size(): number {
    return this.#fullAtMs.size;
  }

  /**
   * Takes a token. Returns 0, or the milliseconds until there is one.
   *
   * @param nowMs a time that never decreases, in milliseconds.
   */
  take(name: string, nowMs: number): number {
    const key = name.length > longestKey ? createHash("sha256").update(name).digest("base64") : name;
    const known = this.#fullAtMs.get(key);
    const fullAtMs = Math.max(known ?? nowMs, nowMs);
    const waitMs = fullAtMs - nowMs - (this.#burst - 1) * this.#tokenMs;
    // The sums of a few floats may exceed the exact time by less than this.
    const accepted = waitMs < 1e-6;
    if (known !== undefined) this.#fullAtMs.delete(key);
    else this.#makeRoom(nowMs);
    this.#fullAtMs.set(key, accepted ? fullAtMs + this.#tokenMs : fullAtMs);
    return accepted ? 0 : waitMs;
  }

  /** Removes full buckets at the front, and one that is not full if there are too many. */
  #makeRoom(nowMs: number): void {
    // Two for each new one, so that full buckets go away faster than new ones come.
    let most = 2;
    for (const [key, fullAtMs] of this.#fullAtMs) {
      if (fullAtMs > nowMs && this.#fullAtMs.size < this.#maxKeys) return;
      this.#fullAtMs.delete(key);
      if (--most === 0) return;
    }
  }
}
