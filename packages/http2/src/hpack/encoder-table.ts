// The encoder's dynamic table: finds entries by name and value, and decides which fields to insert.

import { DynamicTable, entryOverhead } from "./dynamic-table.ts";
import { isSecret } from "./secrets.ts";
import { staticNameIndex, staticValueIndex } from "./static-table.ts";

/** Fields whose values vary between messages. Entries for them would evict better ones. */
const varying = new Set([
  "age",
  "content-length",
  "content-location",
  "content-range",
  "date",
  "etag",
  "expires",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "location",
  "range",
  "traceparent",
  "tracestate",
  "x-request-id",
]);

/** Returned by {@link EncoderTable.entryOf} for a field without an entry. */
export const noEntry = -1;

/**
 * The number of entries that a name may insert before one of them is used. A name whose values all
 * differ therefore stops evicting other entries. Uses of its entries earn further credit.
 */
const initialCredit = 8;
const pathCredit = 32;
const usesForCredit = 16;

/** The maximum number of tracked names. Fields with further names are sent as literals. */
const maxNames = 256;

export class IndexedName {
  readonly name: string;
  /** The index of the name in the static table, or 0. */
  readonly staticIndex: number;
  readonly staticValues: ReadonlyMap<string, number> | undefined;
  readonly secret: boolean;
  /** The number of the newest entry with this name, or -1. */
  newest = -1;
  /** The entry numbers by value. */
  entries: Map<string, number> | undefined = undefined;
  /** The last value that was found and its entry. Most names have one value. */
  lastValue: string | undefined = undefined;
  lastEntry = -1;
  credit: number;
  uses = 0;

  constructor(name: string) {
    this.name = name;
    this.staticIndex = staticNameIndex.get(name) ?? 0;
    this.staticValues = staticValueIndex.get(name);
    this.secret = isSecret(name);
    this.credit = varying.has(name) ? 0 : name === ":path" ? pathCredit : initialCredit;
  }
}

export class EncoderTable extends DynamicTable {
  readonly #names = new Map<string, IndexedName>();

  /** Returns the record of a name, or `undefined` if the maximum number of names is tracked. */
  find(name: string): IndexedName | undefined {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    if (this.#names.size >= maxNames) return undefined;
    const record = new IndexedName(name);
    this.#names.set(name, record);
    return record;
  }

  /**
   * Returns the number of the entry with this name and value, {@link noEntry}, or `~index` for an
   * entry of the static table.
   */
  entryOf(name: IndexedName, value: string): number {
    let entry = name.lastEntry;
    if (name.lastValue !== value) {
      entry = ~(name.staticValues?.get(value) ?? 0);
      if (entry === noEntry) entry = name.entries?.get(value) ?? noEntry;
      if (entry === noEntry) return noEntry;
      name.lastValue = value;
      name.lastEntry = entry;
    }
    if (++name.uses >= usesForCredit) {
      name.uses = 0;
      if (name.credit < initialCredit && !varying.has(name.name)) name.credit++;
    }
    return entry;
  }

  /** `true` if the field should be inserted. */
  isWorthEntry(name: IndexedName, value: string): boolean {
    // A large entry evicts many small ones.
    return name.credit > 0 && (name.name.length + value.length + entryOverhead) * 4 <= this.maxSize;
  }

  /** Inserts an entry. Call {@link isWorthEntry} first. */
  add(name: IndexedName, value: string): void {
    const entry = this.inserted;
    this.insert(name.name, value);
    name.credit--;
    name.newest = entry;
    name.entries ??= new Map();
    name.entries.set(value, entry);
    name.lastValue = value;
    name.lastEntry = entry;
  }

  protected override onEvict(name: string, value: string, entry: number): void {
    const record = this.#names.get(name);
    if (record === undefined) return;
    if (record.entries?.get(value) === entry) record.entries.delete(value);
    if (record.lastEntry === entry) {
      record.lastValue = undefined;
      record.lastEntry = -1;
    }
    if (record.newest === entry) record.newest = -1;
  }
}
