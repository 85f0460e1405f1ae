// The record of a call: what was sent and received, and when.

import { byteLength } from "../call/byte-length.ts";
import type { Status } from "../call/status.ts";
import type { CallEvent, Metadata } from "../call/types.ts";

const kinds = ["request", "message", "header", "halfClose", "cancel", "end"] as const;

export type EntryKind = (typeof kinds)[number];

/** One line of the record. */
export interface Entry {
  /** The number of the entry in the call, from 0. */
  readonly seq: number;
  readonly kind: EntryKind;
  /** Milliseconds since the start of the call. */
  readonly at: number;
  /** A message in JSON. Empty for other entries. */
  readonly text: string;
  /** The size of a message. */
  readonly bytes: number;
}

export interface Totals {
  readonly messages: number;
  readonly bytes: number;
}

/** Messages by direction. */
export interface Counts {
  readonly sent: number;
  readonly received: number;
}

/** What a record keeps. A page that held a stream of any length would run out of memory. */
export interface RecordLimits {
  readonly entries: number;
  /** The bytes of all kept messages. */
  readonly bytes: number;
}

export const recordLimits: RecordLimits = { entries: 1_000_000, bytes: 256_000_000 };

const blockSize = 1024;

const [requestKind, messageKind] = [kinds.indexOf("request"), kinds.indexOf("message")];

/** Entries in columns, because a million objects would keep the garbage collector busy. */
class Block {
  readonly at = new Float64Array(blockSize);
  readonly kind = new Uint8Array(blockSize);
  readonly bytes = new Uint32Array(blockSize);
  readonly text: string[] = [];
  /** The messages before this block. */
  readonly before: Counts;

  constructor(before: Counts) {
    this.before = before;
  }
}

/**
 * Grows while the call runs. A stream has many entries, so that views read it once a frame. Beyond its
 * limits, the record drops the oldest entries; its totals count all.
 */
export class CallRecord {
  readonly limits: RecordLimits;
  readonly #now: () => number;
  readonly #start: number;
  readonly #blocks: Block[] = [];
  /** The number of the first block that is kept. */
  #firstBlock = 0;
  #keptBytes = 0;
  /** The number of the first entry that is kept. */
  first = 0;
  /** The number after the last entry. */
  end = 0;
  header: Metadata | undefined;
  trailer: Metadata | undefined;
  status: Status | undefined;
  readonly sent = { messages: 0, bytes: 0 };
  readonly received = { messages: 0, bytes: 0 };
  headerAt: number | undefined;
  firstAt: number | undefined;
  halfCloseAt: number | undefined;
  endAt: number | undefined;
  /** The number of the latest received message. */
  latest: number | undefined;

  /** @param now a monotonic clock in milliseconds. */
  constructor(now: () => number = () => performance.now(), limits: RecordLimits = recordLimits) {
    this.limits = limits;
    this.#now = now;
    this.#start = now();
  }

  /** Milliseconds since the start of the call, or its duration. */
  get elapsed(): number {
    return this.endAt ?? this.#now() - this.#start;
  }

  request(text: string): void {
    const bytes = byteLength(text);
    this.sent.messages++;
    this.sent.bytes += bytes;
    this.#add("request", text, bytes);
  }

  halfClose(): void {
    this.halfCloseAt = this.#add("halfClose");
  }

  cancel(): void {
    this.#add("cancel");
  }

  take(event: CallEvent): void {
    switch (event.type) {
      case "header":
        this.header = event.metadata;
        this.headerAt = this.#add("header");
        break;
      case "message": {
        this.received.messages++;
        this.received.bytes += event.bytes;
        this.latest = this.end;
        const at = this.#add("message", event.text, event.bytes);
        this.firstAt ??= at;
        break;
      }
      case "end":
        this.status = event.status;
        this.trailer = event.trailer;
        this.endAt = this.#add("end");
    }
  }

  /** An entry by its number, which is from `first` to before `end`. */
  entry(seq: number): Entry {
    const block = this.#block(seq);
    const index = seq % blockSize;
    return {
      seq,
      kind: kinds[block.kind[index] as number] as EntryKind,
      at: block.at[index] as number,
      text: block.text[index] as string,
      bytes: block.bytes[index] as number,
    };
  }

  kindOf(seq: number): EntryKind {
    return kinds[this.#block(seq).kind[seq % blockSize] as number] as EntryKind;
  }

  textOf(seq: number): string {
    return this.#block(seq).text[seq % blockSize] as string;
  }

  atOf(seq: number): number {
    return this.#block(seq).at[seq % blockSize] as number;
  }

  /** The number of the first kept entry that happened at a time or later. */
  seqAt(ms: number): number {
    let [low, high] = [this.first, this.end];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.atOf(middle) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The messages before an entry, dropped ones included. */
  countsBefore(seq: number): Counts {
    if (seq >= this.end) return { sent: this.sent.messages, received: this.received.messages };
    const { before, kind } = this.#block(seq);
    let { sent, received } = before;
    for (let index = 0; index < seq % blockSize; index++) {
      if (kind[index] === requestKind) sent++;
      else if (kind[index] === messageKind) received++;
    }
    return { sent, received };
  }

  /** The messages that were dropped. */
  get dropped(): Counts {
    return this.first === 0 ? { sent: 0, received: 0 } : this.countsBefore(this.first);
  }

  /** The entries that are kept. */
  *[Symbol.iterator](): Generator<Entry, void, undefined> {
    // A long walk may pause while the record drops entries.
    for (let seq = this.first; seq < this.end; seq = Math.max(seq + 1, this.first)) yield this.entry(seq);
  }

  #block(seq: number): Block {
    const block = this.#blocks[Math.floor(seq / blockSize) - this.#firstBlock];
    if (block === undefined) throw new RangeError(`the record has the entries ${this.first} to ${this.end - 1}, got ${seq}`);
    return block;
  }

  #add(kind: EntryKind, text = "", bytes = 0): number {
    const at = this.#now() - this.#start;
    const index = this.end % blockSize;
    if (index === 0) {
      // The totals count this entry already.
      const sent = this.sent.messages - (kind === "request" ? 1 : 0);
      const received = this.received.messages - (kind === "message" ? 1 : 0);
      this.#blocks.push(new Block({ sent, received }));
    }
    const block = this.#block(this.end);
    block.at[index] = at;
    block.kind[index] = kinds.indexOf(kind);
    block.bytes[index] = bytes;
    block.text.push(text);
    this.end++;
    this.#keptBytes += bytes;
    while (this.end - this.first > this.limits.entries || (this.#keptBytes > this.limits.bytes && this.end - this.first > 1)) this.#drop();
    return at;
  }

  #drop(): void {
    const block = this.#block(this.first);
    const index = this.first % blockSize;
    this.#keptBytes -= block.bytes[index] as number;
    block.text[index] = "";
    this.first++;
    if (index < blockSize - 1) return;
    this.#blocks.shift();
    this.#firstBlock++;
  }
}
