// The points of a plot: a number of each message, in bounded memory.

import type { JsonValue } from "../json/parse.ts";
import { type NumericField, numberOf, textOfNumber } from "../schema/numeric-fields.ts";
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
  /** In all digits, also of 64-bit integers. */
  readonly latest: string | undefined;
  readonly min: string | undefined;
  readonly max: string | undefined;
  readonly mean: number | undefined;
}

/** Points of a plot. More than a plot has pixels could not be seen. */
const maxDrawn = 4000;

/** Follows the received messages of a record: call `advance` before its points are read. */
export class Series {
  readonly #record: CallRecord;
  readonly #y: Chosen;
  readonly #x: Axis;
  readonly #maxPoints: number;
  #xs = new Float64Array(1024);
  #ys = new Float64Array(1024);
  #length = 0;
  #next = 0;
  #place = 0;
  /** Whether each x is greater than the one before, as plots need it. */
  #isSorted = true;
  #count = 0;
  #sum = 0;
  #min: Exact | undefined;
  #max: Exact | undefined;
  #latest: Exact | undefined;

  constructor(record: CallRecord, y: Chosen, x: Axis, maxPoints = 1_000_000) {
    this.#record = record;
    this.#y = y;
    this.#x = x;
    this.#maxPoints = maxPoints;
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
    return {
      count: this.#count,
      latest: this.#latest?.text,
      min: this.#min?.text,
      max: this.#max?.text,
      mean: this.#count === 0 ? undefined : this.#sum / this.#count,
    };
  }

  /** The points in the order of x. Of many, each part of the line keeps its lowest and its highest. */
  get points(): readonly [x: number[], y: number[]] {
    if (!this.#isSorted) return this.#pointsByX();
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
    const digits = Math.abs(y) > Number.MAX_SAFE_INTEGER ? textOfNumber(message, this.#y.field, this.#y.items) : undefined;
    const exact = { value: y, text: digits ?? String(y) };
    if (this.#min === undefined || isLess(exact, this.#min)) this.#min = exact;
    if (this.#max === undefined || isLess(this.#max, exact)) this.#max = exact;
    this.#latest = exact;
    const axis = this.#x;
    const x =
      axis === "arrival" ? this.#record.atOf(seq) / 1000 : axis === "place" ? this.#place : numberOf(message, axis.field, axis.items);
    if (x !== undefined) this.#add(x, y);
  }

  #add(x: number, y: number): void {
    if (this.#length === this.#maxPoints) {
      // The oldest tenth, because each removal moves all points.
      const removed = this.#maxPoints / 10;
      this.#xs.copyWithin(0, removed);
      this.#ys.copyWithin(0, removed);
      this.#length -= removed;
    }
    if (this.#length === this.#xs.length) {
      const size = Math.min(this.#maxPoints, 2 * this.#length);
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

  /**
   * The points of an axis that goes back and forth. All points stay in the order of their arrival, and are
   * put into parts of the axis: to sort them for each picture would take seconds.
   */
  #pointsByX(): readonly [x: number[], y: number[]] {
    const [xs, ys] = [this.#xs, this.#ys];
    let [least, greatest] = [xs[0] as number, xs[0] as number];
    for (let at = 1; at < this.#length; at++) {
      least = Math.min(least, xs[at] as number);
      greatest = Math.max(greatest, xs[at] as number);
    }
    let drawn: number[];
    if (2 * this.#length <= maxDrawn) drawn = Array.from({ length: this.#length }, (_, at) => at);
    else {
      const parts = maxDrawn / 2;
      // Half of each, as the difference of two numbers may be infinite.
      const width = (greatest / 2 - least / 2) / (parts - 1) || 1;
      const lows = new Int32Array(parts).fill(-1);
      const highs = new Int32Array(parts).fill(-1);
      for (let at = 0; at < this.#length; at++) {
        const part = Math.min(parts - 1, Math.floor(((xs[at] as number) / 2 - least / 2) / width));
        const [low, high] = [lows[part] as number, highs[part] as number];
        if (low < 0 || (ys[at] as number) < (ys[low] as number)) lows[part] = at;
        if (high < 0 || (ys[at] as number) > (ys[high] as number)) highs[part] = at;
      }
      drawn = [...new Set([...lows, ...highs])].filter((at) => at >= 0);
    }
    drawn.sort((one, other) => (xs[one] as number) - (xs[other] as number) || one - other);
    return [drawn.map((at) => xs[at] as number), drawn.map((at) => ys[at] as number)];
  }
}

/** A number with its text: 64-bit integers have more digits than a number. */
interface Exact {
  readonly value: number;
  readonly text: string;
}

function isLess(one: Exact, other: Exact): boolean {
  if (one.value !== other.value || one.text === other.text || Number.isSafeInteger(one.value)) return one.value < other.value;
  return isInteger(one.text) && isInteger(other.text) && BigInt(one.text) < BigInt(other.text);
}

function isInteger(text: string): boolean {
  return /^-?\d+$/.test(text);
}
