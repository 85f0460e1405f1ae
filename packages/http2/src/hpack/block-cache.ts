// A bounded cache from the octets of a header block, or of a string in one, to what they stand for.
// A peer repeats its header blocks; a repeated block costs a comparison of its octets.

/** A block that holds no reference to the dynamic table is valid whatever the table holds. */
export const anyTable = -1;

export const slotBits = 6;
export const slotMask = (1 << slotBits) - 1;
const slots = 1 << slotBits;
const slabSize = 4096;
const longestBlock = 512;
/** After as many misses in a row the cache rests for a while: the blocks of this peer all differ. */
const missesBeforeRest = 32;
const rest = 512;

export class BlockCache<T> {
  /** The octets of all blocks, one after another; created with the first block. */
  #slab: Uint8Array = new Uint8Array(0);
  #used = 0;
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  /** The state of the dynamic table that each block belongs to. */
  readonly #tables: number[] = [];
  readonly #values: (T | undefined)[] = [];
  #misses = 0;
  #resting = 0;

  /**
   * What the octets `buf[start, end)` stand for while the dynamic table is in the state `table`.
   * A slot is found by {@link slotOf}.
   */
  find(slot: number, buf: Uint8Array, start: number, end: number, table: number): T | undefined {
    if (this.#resting > 0) return undefined;
    const length = end - start;
    if (this.#lengths[slot] !== length || (this.#tables[slot] !== table && this.#tables[slot] !== anyTable)) return undefined;
    const slab = this.#slab;
    const at = this.#starts[slot] as number;
    for (let i = 0; i < length; i++) if (slab[at + i] !== buf[start + i]) return undefined;
    this.#misses = 0;
    return this.#values[slot];
  }

  /** Keeps what a block stands for. Long blocks, and blocks of a peer that repeats none, are left out. */
  keep(slot: number, buf: Uint8Array, start: number, end: number, table: number, value: T): void {
    if (this.#resting > 0) {
      this.#resting--;
      return;
    }
    const length = end - start;
    if (length > longestBlock) return;
    if (++this.#misses > missesBeforeRest) {
      this.#misses = 0;
      this.#resting = rest;
      return;
    }
    if (this.#used + length > this.#slab.length) this.#clear();
    const slab = this.#slab;
    const at = this.#used;
    for (let i = 0; i < length; i++) slab[at + i] = buf[start + i] as number;
    this.#used = at + length;
    this.#starts[slot] = at;
    this.#lengths[slot] = length;
    this.#tables[slot] = table;
    this.#values[slot] = value;
  }

  #clear(): void {
    if (this.#slab.length === 0) {
      this.#slab = new Uint8Array(slabSize);
      for (let slot = 0; slot < slots; slot++) {
        this.#starts.push(0);
        this.#lengths.push(-1);
        this.#tables.push(anyTable);
        this.#values.push(undefined);
      }
    }
    this.#used = 0;
    this.#lengths.fill(-1);
    this.#values.fill(undefined);
  }
}

/** The slot of a block: from its length and up to 18 of its octets. */
export function slotOf(buf: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let hash = length;
  if (length <= 18) {
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (buf[i] as number)) | 0;
  } else {
    // The ends, where indexed fields stand, and a sample of what is between.
    const stride = (length - 6) / 6;
    for (let i = 0; i < 6; i++) {
      hash = (Math.imul(hash, 31) + (buf[start + i] as number)) | 0;
      hash = (Math.imul(hash, 31) + (buf[end - 1 - i] as number)) | 0;
      hash = (Math.imul(hash, 31) + (buf[start + 3 + ((i * stride) | 0)] as number)) | 0;
    }
  }
  return (hash ^ (hash >>> 12)) & slotMask;
}
