// The dynamic table (RFC 7541, 2.3.2 and 4): a ring of entries. Index 1 is the newest.

/** The size of an entry in octets beyond its name and value (RFC 7541, 4.1). */
export const entryOverhead = 32;

export class DynamicTable {
  #names: string[] = [];
  #values: string[] = [];
  #legal: boolean[] = [];
  /** The capacity of the ring minus one. The capacity is a power of two. */
  #mask = -1;
  #maxSize: number;
  #size = 0;
  /**
   * The numbers of inserted and evicted entries since the connection began. An entry keeps its
   * number.
   */
  #inserted = 0;
  #evicted = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The sum of the sizes of the entries, in octets. */
  get size(): number {
    return this.#size;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  /** The number of entries. */
  get length(): number {
    return this.#inserted - this.#evicted;
  }

  /** The number of the next entry. */
  get inserted(): number {
    return this.#inserted;
  }

  /** The number of the oldest entry. */
  get oldest(): number {
    return this.#evicted;
  }

  /**
   * Returns the name of the entry at `index`; 1 is the newest. The caller checks the index against
   * `length`.
   */
  name(index: number): string {
    return this.#names[(this.#inserted - index) & this.#mask] as string;
  }

  value(index: number): string {
    return this.#values[(this.#inserted - index) & this.#mask] as string;
  }

  /** `true` if the field is known to contain legal octets only (RFC 9113, 8.2.1). */
  isLegal(index: number): boolean {
    return this.#legal[(this.#inserted - index) & this.#mask] as boolean;
  }

  /** Sets the maximum size and evicts entries that exceed it (RFC 7541, 4.3). */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evictTo(maxSize);
  }

  /** Evicts every entry. */
  clear(): void {
    this.#evictTo(0);
  }

  /**
   * Evicts entries to make room and inserts an entry. An entry larger than the table empties the
   * table and is not inserted (RFC 7541, 4.4). Returns `true` if the entry was inserted.
   */
  insert(name: string, value: string, legal = true): boolean {
    const size = name.length + value.length + entryOverhead;
    this.#evictTo(this.#maxSize - size);
    if (size > this.#maxSize) return false;
    if (this.length > this.#mask) this.#grow();
    const at = this.#inserted & this.#mask;
    this.#names[at] = name;
    this.#values[at] = value;
    this.#legal[at] = legal;
    this.#inserted++;
    this.#size += size;
    return true;
  }

  /** Called for each entry that leaves the table. */
  protected onEvict(_name: string, _value: string, _number: number): void {}

  #evictTo(size: number): void {
    while (this.#size > size && this.#evicted < this.#inserted) {
      const at = this.#evicted & this.#mask;
      const name = this.#names[at] as string;
      const value = this.#values[at] as string;
      this.#size -= name.length + value.length + entryOverhead;
      this.#names[at] = "";
      this.#values[at] = "";
      this.onEvict(name, value, this.#evicted++);
    }
  }

  #grow(): void {
    const mask = Math.max(16, (this.#mask + 1) * 2) - 1;
    this.#names = this.#copied(this.#names, mask, "");
    this.#values = this.#copied(this.#values, mask, "");
    this.#legal = this.#copied(this.#legal, mask, true);
    this.#mask = mask;
  }

  #copied<T>(ring: readonly T[], mask: number, empty: T): T[] {
    const copy = new Array<T>(mask + 1).fill(empty);
    for (let number = this.#evicted; number < this.#inserted; number++) copy[number & mask] = ring[number & this.#mask] as T;
    return copy;
  }
}
