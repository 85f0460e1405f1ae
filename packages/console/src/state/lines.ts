// The entries of a record that contain a text, by their place in a list.
import type { CallRecord } from "./record.ts";

/** Places of dropped entries that are forgotten together. */
const forgotten = 4096;

/** Follows a record: call `advance` before its lines are read. */
export class Lines {
  readonly #record: CallRecord;
  /** `undefined`: all entries. */
  readonly #pattern: RegExp | undefined;
  /** The numbers of the entries that were found. */
  #found: number[] = [];
  /** Of `#found`, those at its start that the record has dropped. */
  #dropped = 0;
  #forgotten = 0;
  #next: number;

  constructor(record: CallRecord, filter: string) {
    this.#record = record;
    // Much faster than a copy of each text in lower case.
    this.#pattern = filter === "" ? undefined : new RegExp(filter.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "i");
    this.#next = record.first;
  }

  /** Looks at further entries until it has seen all, or `isOver`. */
  advance(isOver: () => boolean): void {
    const record = this.#record;
    if (this.#pattern === undefined) return;
    this.#next = Math.max(this.#next, record.first);
    for (; this.#next < record.end; this.#next++) {
      if (this.#pattern.test(record.textOf(this.#next))) this.#found.push(this.#next);
      if (isOver()) break;
    }
    while (this.#dropped < this.#found.length && (this.#found[this.#dropped] as number) < record.first) this.#dropped++;
    if (this.#dropped < forgotten) return;
    this.#found = this.#found.slice(this.#dropped);
    this.#forgotten += this.#dropped;
    this.#dropped = 0;
  }

  /** The part of the record that was looked at, from 0 to 1. */
  get progress(): number {
    const { first, end } = this.#record;
    return this.#pattern === undefined || first === end ? 1 : Math.max(0, this.#next - first) / (end - first);
  }

  get count(): number {
    return this.#pattern === undefined ? this.#record.end - this.#record.first : this.#found.length - this.#dropped;
  }

  /** The lines that were dropped before the first one. */
  get removed(): number {
    return this.#pattern === undefined ? this.#record.first : this.#forgotten + this.#dropped;
  }

  /** The number of the entry at a place. */
  seq(place: number): number {
    return this.#pattern === undefined ? this.#record.first + place : (this.#found[this.#dropped + place] as number);
  }

  /** The place of the first line whose entry has this number, or a greater one. */
  placeOf(seq: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.seq(middle) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
