// The open streams of a connection, by identifier.
const initialSlots = 16;
const maxSlots = 1 << 16;

export interface TableEntry {
  readonly id: number;
}

/**
 * A ring of slots. Identifiers are consecutive odd numbers, so the streams of a connection seldom
 * share a slot. A stream whose slot is taken by a long-lived one goes into a Map.
 */
export class StreamTable<S extends TableEntry> {
  #slots: (S | null)[] = new Array(initialSlots).fill(null);
  #mask = initialSlots - 1;
  #overflow: Map<number, S> | null = null;
  size = 0;

  get(id: number): S | undefined {
    const stream = this.#slots[(id >>> 1) & this.#mask];
    if (stream !== null && stream !== undefined && stream.id === id) return stream;
    return this.#overflow === null ? undefined : this.#overflow.get(id);
  }

  /** Adds a stream whose identifier is not in the table. */
  add(stream: S): void {
    this.size++;
    if (this.size * 2 > this.#slots.length && this.#slots.length < maxSlots) this.#grow();
    this.#place(stream);
  }

  #place(stream: S): void {
    const slot = (stream.id >>> 1) & this.#mask;
    if (this.#slots[slot] === null) this.#slots[slot] = stream;
    else {
      this.#overflow ??= new Map();
      this.#overflow.set(stream.id, stream);
    }
  }

  #grow(): void {
    const streams = this.all();
    const slots = this.#slots.length * 4;
    this.#slots = new Array(slots).fill(null);
    this.#mask = slots - 1;
    this.#overflow = null;
    for (const stream of streams) this.#place(stream);
  }

  delete(stream: S): void {
    const slot = (stream.id >>> 1) & this.#mask;
    if (this.#slots[slot] === stream) {
      this.#slots[slot] = null;
      this.size--;
    } else if (this.#overflow?.delete(stream.id)) {
      this.size--;
      if (this.#overflow.size === 0) this.#overflow = null;
    }
  }

  /** Returns a copy, because callbacks may change the table. */
  all(): S[] {
    const streams: S[] = [];
    for (const stream of this.#slots) if (stream !== null) streams.push(stream);
    if (this.#overflow !== null) streams.push(...this.#overflow.values());
    return streams;
  }
}
