// The points of a plot: a number of each message, in bounded memory.

import type { JsonValue } from "../json/parse.ts";
import { type NumericField, numberOf } from "../schema/numeric-fields.ts";
import type { CallRecord } from "./record.ts";

/** A field with the indexes and keys of the lists and maps in its path. */
export interface Chosen {
  readonly field: NumericField;
  readonly items: readonly string[];
}

/** What is below a plot: seconds since the start, the place in the stream, or a field. */
export type Axis = "arrival" | "place" | Chosen;

export interface Summary {
  readonly count: number;
  readonly latest: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly mean: number | undefined;
}

/** Points of a plot. More than a plot has pixels could not be seen. */
const maxDrawn = 4000;
const maxPoints = 1_000_000;

/** Follows the received messages of a record: call `advance` before its points are read. */
export class Series {
  readonly #record: CallRecord;
  readonly #y: Chosen;
  readonly #x: Axis;
  #xs = new Float64Array(1024);
  #ys = new Float64Array(1024);
  #length = 0;
  #next = 0;
  #place = 0;
  /** Whether each x is greater than the one before, as plots need it. */
  #isSorted = true;
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #latest: number | undefined;

  constructor(record: CallRecord, y: Chosen, x: Axis) {
    this.#record = record;
    this.#y = y;
    this.#x = x;
  }

  /** Looks at further messages until it has seen all, or `isOver`. */
  advance(isOver: () => boolean): void {
    const record = this.#record;
    if (this.#next < record.first) {
      this.#next = record.first;
      this.#place = record.dropped.received;
    }
    while (this.#next < record.end) {
      const seq = this.#next++;
      if (record.kindOf(seq) !== "message") continue;
      this.#place++;
      this.#look(seq);
      if (isOver()) return;
    }
  }

  /** Whether it has seen all messages. */
  get isComplete(): boolean {
    return this.#next >= this.#record.end;
  }

  /** Of all messages that it has seen. */
  get summary(): Summary {
    const isEmpty = this.#count === 0;
    return {
      count: this.#count,
      latest: this.#latest,
      min: isEmpty ? undefined : this.#min,
      max: isEmpty ? undefined : this.#max,
      mean: isEmpty ? undefined : this.#sum / this.#count,
    };
  }

  /** The points in the order of x. Of many, each part of the line keeps its lowest and its highest. */
  get points(): readonly [x: number[], y: number[]] {
    if (!this.#isSorted) this.#sort();
    const size = Math.max(1, Math.ceil((2 * this.#length) / maxDrawn));
    if (size === 1) return [Array.from(this.#xs.subarray(0, this.#length)), Array.from(this.#ys.subarray(0, this.#length))];
    const [xs, ys]: [number[], number[]] = [[], []];
    for (let from = 0; from < this.#length; from += size) {
      let [low, high] = [from, from];
      for (let at = from; at < Math.min(from + size, this.#length); at++) {
        if ((this.#ys[at] as number) < (this.#ys[low] as number)) low = at;
        if ((this.#ys[at] as number) > (this.#ys[high] as number)) high = at;
      }
      for (const at of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) {
        xs.push(this.#xs[at] as number);
        ys.push(this.#ys[at] as number);
      }
    }
    return [xs, ys];
  }

  #look(seq: number): void {
    let message: JsonValue;
    try {
      message = JSON.parse(this.#record.textOf(seq)) as JsonValue;
    } catch {
      return;
    }
    const y = numberOf(message, this.#y.field, this.#y.items);
    if (y === undefined) return;
    this.#count++;
    this.#sum += y;
    this.#min = Math.min(this.#min, y);
    this.#max = Math.max(this.#max, y);
    this.#latest = y;
    const axis = this.#x;
    const x =
      axis === "arrival" ? this.#record.atOf(seq) / 1000 : axis === "place" ? this.#place : numberOf(message, axis.field, axis.items);
    if (x !== undefined) this.#add(x, y);
  }

  #add(x: number, y: number): void {
    if (this.#length === maxPoints) {
      // The oldest tenth, because each removal moves all points.
      const removed = maxPoints / 10;
      this.#xs.copyWithin(0, removed);
      this.#ys.copyWithin(0, removed);
      this.#length -= removed;
    }
    if (this.#length === this.#xs.length) {
      const size = Math.min(maxPoints, 2 * this.#length);
      [this.#xs, this.#ys] = [this.#xs, this.#ys].map((old) => {
        const grown = new Float64Array(size);
        grown.set(old);
        return grown;
      }) as [Float64Array<ArrayBuffer>, Float64Array<ArrayBuffer>];
    }
    if (this.#length > 0 && x < (this.#xs[this.#length - 1] as number)) this.#isSorted = false;
    this.#xs[this.#length] = x;
    this.#ys[this.#length] = y;
    this.#length++;
  }

  #sort(): void {
    const order = Array.from({ length: this.#length }, (_, at) => at).sort(
      (one, other) => (this.#xs[one] as number) - (this.#xs[other] as number),
    );
    const [xs, ys] = [this.#xs.slice(), this.#ys.slice()];
    for (const [at, from] of order.entries()) {
      this.#xs[at] = xs[from] as number;
      this.#ys[at] = ys[from] as number;
    }
    this.#isSorted = true;
  }
}
