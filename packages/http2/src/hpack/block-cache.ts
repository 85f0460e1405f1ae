// A bounded cache from the octets of a header block, or of a string in one, to its decoded value.
// Peers repeat their header blocks, and a repeated block only costs a comparison of its octets.

/** Marks a block without references to the dynamic table. It is valid in any state of the table. */
export const anyTable = -1;

export const slotBits = 6;
export const slotMask = (1 << slotBits) - 1;
const slots = 1 << slotBits;
const slabSize = 4096;
const longestBlock = 512;
/**
 * After this many consecutive misses the cache pauses, because the peer does not repeat its blocks.
 */
const missesBeforePause = 32;
/** The length of a pause in blocks. */
const pauseLength = 512;

export class BlockCache<T> {
  /** The concatenated octets of all blocks. Created with the first block. */
  #slab: Uint8Array = new Uint8Array(0);
  #used = 0;
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  /** The state of the dynamic table for which each block is valid. */
  readonly #tables: number[] = [];
  readonly #values: (T | undefined)[] = [];
  #misses = 0;
  #paused = 0;

  /**
   * Returns the value of the octets `buf[start, end)` if it is valid in the state `table` of the
   * dynamic table. {@link slotOf} gives the slot.
   */
  find(slot: number, buf: Uint8Array, start: number, end: number, table: number): T | undefined {
    if (this.#paused > 0) return undefined;
    const length = end - start;
    if (this.#lengths[slot] !== length || (this.#tables[slot] !== table && this.#tables[slot] !== anyTable)) return undefined;
    const slab = this.#slab;
    const at = this.#starts[slot] as number;
    for (let i = 0; i < length; i++) if (slab[at + i] !== buf[start + i]) return undefined;
    this.#misses = 0;
    return this.#values[slot];
  }

  /**
   * Stores the value of a block. Skips long blocks, and blocks of a peer that does not repeat them.
   */
  keep(slot: number, buf: Uint8Array, start: number, end: number, table: number, value: T): void {
    if (this.#paused > 0) {
      this.#paused--;
      return;
    }
    const length = end - start;
    if (length > longestBlock) return;
    if (++this.#misses > missesBeforePause) {
      this.#misses = 0;
      this.#paused = pauseLength;
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

/** Returns the slot of a block: a hash of its length and up to 18 of its octets. */
export function slotOf(buf: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let hash = length;
  if (length <= 18) {
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (buf[i] as number)) | 0;
  } else {
    // Both ends, where indexed fields are, and samples in between.
    const stride = (length - 6) / 6;
    for (let i = 0; i < 6; i++) {
      hash = (Math.imul(hash, 31) + (buf[start + i] as number)) | 0;
      hash = (Math.imul(hash, 31) + (buf[end - 1 - i] as number)) | 0;
      hash = (Math.imul(hash, 31) + (buf[start + 3 + ((i * stride) | 0)] as number)) | 0;
    }
  }
  return (hash ^ (hash >>> 12)) & slotMask;
}
