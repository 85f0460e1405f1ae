// The most recent entries of a topic, which all readers of a process share.
import type { Positioned } from "./live.ts";

const maxEntries = 1024;
const maxBytes = 4 * 1024 * 1024;

export class Window<E extends Positioned> {
  /** The window has every entry after this position. */
  start: bigint;
  /** The position of the newest entry. */
  end: bigint;
  /** How many entries the window has received so far. */
  count = 0;
  #entries: E[] = [];
  /** The index in #entries of the oldest entry: dropping entries moves it, so that it costs no copy. */
  #first = 0;
  #bytes = 0;
  readonly #bytesOf: (entry: E) => number;

  constructor(start: bigint, bytesOf: (entry: E) => number) {
    this.#bytesOf = bytesOf;
    this.start = start;
    this.end = start;
  }

  push(entry: E): void {
    this.#entries.push(entry);
    this.#bytes += this.#bytesOf(entry);
    this.end = entry.position;
    this.count++;
    // The newest entry stays, whatever its size: readers that wait at the end take it from here.
    while (this.#size > 1 && (this.#size > maxEntries || this.#bytes > maxBytes)) this.#drop();
  }

  /** Returns the first entry after a position that is at or after `start`, with its number. */
  after(position: bigint): { readonly entry: E; readonly number: number } | undefined {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(middle).position > position) high = middle;
      else low = middle + 1;
    }
    if (low === this.#entries.length) return undefined;
    return { entry: this.#at(low), number: this.count - (this.#entries.length - low) };
  }

  get #size(): number {
    return this.#entries.length - this.#first;
  }

  #at(index: number): E {
    return this.#entries[index] as E;
  }

  #drop(): void {
    const oldest = this.#at(this.#first++);
    this.start = oldest.position;
    this.#bytes -= this.#bytesOf(oldest);
    if (this.#first < maxEntries) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }
}
