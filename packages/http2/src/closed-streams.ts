// Remembers closed streams to distinguish late frames from errors (RFC 9113, section 5.1).

/** Each takes about 40 octets. */
const maxReset = 1000;
const maxGaps = 64;

export class ClosedStreams {
  /**
   * Streams that this side reset while the peer's half was open, in order of their reset. The peer
   * may have sent frames before it saw the reset.
   */
  #reset: Set<number> | null = null;
  /** The highest identifier that was evicted. Streams up to it count as reset. */
  #forgotten = 0;
  /**
   * First and last identifiers of the ranges that the peer skipped. They were never used (section
   * 5.1.1).
   */
  #gaps: number[] | null = null;

  addReset(id: number): void {
    this.#reset ??= new Set();
    this.#reset.add(id);
    if (this.#reset.size > maxReset) {
      for (const oldest of this.#reset) {
        this.#reset.delete(oldest);
        if (oldest > this.#forgotten) this.#forgotten = oldest;
        break;
      }
    }
  }

  wasReset(id: number): boolean {
    return this.#reset !== null && (id <= this.#forgotten || this.#reset.has(id));
  }

  /** The peer has ended its half of a reset stream: no more frames may follow. */
  peerEnded(id: number): void {
    this.#reset?.delete(id);
  }

  addGap(first: number, last: number): void {
    this.#gaps ??= [];
    if (this.#gaps.length < maxGaps * 2) this.#gaps.push(first, last);
  }

  wasSkipped(id: number): boolean {
    const gaps = this.#gaps;
    if (gaps === null) return false;
    for (let i = 0; i < gaps.length; i += 2) if (id >= (gaps[i] as number) && id <= (gaps[i + 1] as number)) return true;
    return false;
  }
}
