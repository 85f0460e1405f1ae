// The decoder of header blocks (RFC 7541, 3.2 and 6).

import { HeaderList } from "../headers/header-list.ts";
import { anyTable, BlockCache, slotOf } from "./block-cache.ts";
import { DynamicTable, entryOverhead } from "./dynamic-table.ts";
import { huffmanDecode, huffmanDecodedBound } from "./huffman-decode.ts";
import { isSecret } from "./secrets.ts";
import { staticLength, staticNames, staticValues } from "./static-table.ts";

/** The size of the dynamic table until a SETTINGS frame changes it (RFC 9113, 6.5.2). */
export const defaultTableSize = 4096;

/** Why {@link Decoder.decode} returned no list. */
export interface DecodeFault {
  /**
   * `compression`: a connection error of type COMPRESSION_ERROR; the decoder is out of step with its
   * peer and returns this fault from now on. `too-large`: the list exceeds its limit; the dynamic
   * table is in step, and the connection may go on.
   */
  readonly kind: "compression" | "too-large";
  readonly reason: string;
}

const tooLarge: DecodeFault = { kind: "too-large", reason: "the header list exceeds the maximum size (RFC 9113, 6.5.2)" };
const truncated = "a header block ends within a field (RFC 7541, 6)";
const integerTooLarge = "an integer exceeds 31 bits or 5 octets (RFC 7541, 5.1)";
const badIndex = "an index points past the end of the dynamic table (RFC 7541, 2.3.3)";
const zeroIndex = "an indexed field has the index 0 (RFC 7541, 6.1)";
const badHuffman = "a Huffman-coded string holds EOS or malformed padding (RFC 7541, 5.2)";
const lateUpdate = "a dynamic table size update must stand at the beginning of a header block (RFC 7541, 4.2)";
const largeUpdate = "a dynamic table size update exceeds SETTINGS_HEADER_TABLE_SIZE (RFC 7541, 6.3)";
const missingUpdate = "a reduced SETTINGS_HEADER_TABLE_SIZE requires a dynamic table size update (RFC 7541, 4.2)";

const maxInteger = 0x7fffffff;

/** The longest string, in octets on the wire, that is kept for the next block that holds it. */
const longestShared = 64;

/** What Huffman code decodes into; shared, since a string is made of it at once. */
let scratch = Buffer.allocUnsafeSlow(4096);
const largestScratch = 64 * 1024;

export interface DecoderOptions {
  /** The SETTINGS_HEADER_TABLE_SIZE that this side announces, in octets. Default: 4096. */
  maxTableSize?: number;
}

export class Decoder {
  readonly #table = new DynamicTable(defaultTableSize);
  readonly #announced: number;
  /** The greatest size that an update may set. */
  #limit: number;
  #updateRequired = false;
  /** Counts the changes of the dynamic table. */
  #state = 0;
  readonly #lists = new BlockCache<HeaderList>();
  readonly #strings = new BlockCache<string>();
  #fault: DecodeFault | undefined;

  // The position within the block, the decoded length of the last string, and what is wrong with it.
  #at = 0;
  #length = 0;
  #error = "";

  constructor({ maxTableSize = defaultTableSize }: DecoderOptions = {}) {
    this.#announced = maxTableSize;
    this.#limit = Math.max(maxTableSize, defaultTableSize);
  }

  /** Why the last call of {@link decode} returned `undefined`. */
  get fault(): DecodeFault | undefined {
    return this.#fault;
  }

  /** The octets in the dynamic table (RFC 7541, 4.1). */
  get tableSize(): number {
    return this.#table.size;
  }

  /**
   * Call when the peer acknowledges the SETTINGS that announce `maxTableSize`: until then the peer
   * may use the default size. If the size is smaller, the peer's next block begins with an update
   * (RFC 7541, 4.2).
   */
  settingsAcknowledged(): void {
    this.#limit = this.#announced;
    this.#updateRequired = this.#table.maxSize > this.#announced;
  }

  /**
   * Decodes the complete header block `buf[start, end)`. Returns `undefined` and sets {@link fault}
   * if the block is malformed, or if its list is larger than `maxListSize` octets as RFC 9113, 6.5.2
   * counts them. A block that the peer repeats gives the same list object.
   */
  decode(buf: Buffer, start: number, end: number, maxListSize: number): HeaderList | undefined {
    if (this.#fault?.kind === "compression") return undefined;
    this.#fault = undefined;
    const slot = slotOf(buf, start, end);
    const known = this.#updateRequired ? undefined : this.#lists.find(slot, buf, start, end, this.#state);
    if (known !== undefined && known.size <= maxListSize) return known;
    return this.#decode(buf, start, end, maxListSize, slot);
  }

  #decode(buf: Buffer, start: number, end: number, maxListSize: number, slot: number): HeaderList | undefined {
    const table = this.#table;
    const state = this.#state;
    const flat: string[] = [];
    let neverIndexed: Set<string> | undefined;
    let size = 0;
    let usesTable = false;
    let secret = false;
    this.#at = start;
    while (this.#at < end) {
      const octet = buf[this.#at] as number;
      // A dynamic table size update (6.3).
      if ((octet & 0xe0) === 0x20) {
        if (!this.#update(buf, end, size > 0)) return this.#compressionError();
        continue;
      }
      if (this.#updateRequired) return this.#fail(missingUpdate);

      const indexed = octet >= 0x80;
      const inserts = !indexed && octet >= 0x40;
      const index = this.#integer(buf, end, indexed ? 0x7f : inserts ? 0x3f : 0x0f);
      if (index < 0) return this.#compressionError();
      if (index > staticLength) {
        if (index - staticLength > table.length) return this.#fail(badIndex);
        usesTable = true;
      }
      const over = size > maxListSize;

      // An indexed field (6.1).
      if (indexed) {
        if (index === 0) return this.#fail(zeroIndex);
        const name = index > staticLength ? table.name(index - staticLength) : (staticNames[index] as string);
        const value = index > staticLength ? table.value(index - staticLength) : (staticValues[index] as string);
        size += name.length + value.length + entryOverhead;
        if (!over) flat.push(name, value);
        continue;
      }

      // A literal: with incremental indexing (6.2.1), without (6.2.2) or never indexed (6.2.3).
      const never = !inserts && (octet & 0x10) !== 0;
      // The strings of a list over its limit are needed for the table only.
      const room = over ? -1 : maxListSize - size;
      const skipAbove = inserts && room < table.maxSize ? table.maxSize : room;
      let name: string | undefined;
      const sizeBefore = size;
      if (index === 0) {
        name = this.#string(buf, end, skipAbove, true);
        if (name === undefined) return this.#compressionError();
        size += this.#length;
      } else {
        name = index > staticLength ? table.name(index - staticLength) : (staticNames[index] as string);
        size += name.length;
      }
      const mayShare = !inserts && !never && !isSecret(name);
      const value = this.#string(buf, end, skipAbove, mayShare);
      if (value === undefined) return this.#compressionError();
      size += this.#length + entryOverhead;
      if (inserts) {
        this.#state++;
        // Strings that are longer than the table were skipped.
        if (size - sizeBefore > table.maxSize) table.clear();
        else table.insert(name, value);
      } else if (!mayShare) secret = true;
      if (never) neverIndexed = (neverIndexed ?? new Set()).add(name);
      if (size <= maxListSize) flat.push(name, value);
    }
    if (size > maxListSize) {
      this.#fault = tooLarge;
      return undefined;
    }
    const list = new HeaderList(flat, neverIndexed);
    // A cache must not tell one user of a connection what another one sends (RFC 7541, 7.1).
    if (state === this.#state && !secret) this.#lists.keep(slot, buf, start, end, usesTable ? state : anyTable, list);
    return list;
  }

  /** Reads a dynamic table size update. Returns `false` and sets the error if it is malformed. */
  #update(buf: Buffer, end: number, late: boolean): boolean {
    const size = this.#integer(buf, end, 0x1f);
    if (size < 0) return false;
    if (late || size > this.#limit) {
      this.#error = late ? lateUpdate : largeUpdate;
      return false;
    }
    this.#updateRequired &&= size > this.#announced;
    this.#state++;
    this.#table.resize(size);
    return true;
  }

  /** Reads an integer (5.1) whose prefix has the bits `mask`. Returns -1 and sets the error if it is malformed. */
  #integer(buf: Buffer, end: number, mask: number): number {
    let value = (buf[this.#at++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (this.#at >= end) {
        this.#error = truncated;
        return -1;
      }
      const octet = buf[this.#at++] as number;
      value += (octet & 0x7f) * 2 ** shift;
      if (octet < 0x80) {
        if (value <= maxInteger) return value;
        break;
      }
    }
    this.#error = integerTooLarge;
    return -1;
  }

  /**
   * Reads a string (5.2) and its length. A string longer than `skipAbove` octets comes back empty.
   * Returns `undefined` and sets the error if the string is malformed.
   */
  #string(buf: Buffer, end: number, skipAbove: number, mayShare: boolean): string | undefined {
    const from = this.#at;
    if (from >= end) {
      this.#error = truncated;
      return undefined;
    }
    const huffman = (buf[from] as number) >= 0x80;
    const octets = this.#integer(buf, end, 0x7f);
    if (octets < 0) return undefined;
    const start = this.#at;
    const stop = start + octets;
    if (stop > end) {
      this.#error = truncated;
      return undefined;
    }
    this.#at = stop;
    this.#length = octets;
    if (!mayShare || octets < 3 || octets > longestShared) {
      return huffman ? this.#huffman(buf, start, stop, skipAbove) : octets > skipAbove ? "" : latin1(buf, start, stop);
    }
    const slot = slotOf(buf, from, stop);
    const known = this.#strings.find(slot, buf, from, stop, anyTable);
    if (known !== undefined) {
      this.#length = known.length;
      return known;
    }
    const text = huffman ? this.#huffman(buf, start, stop, longestShared * 2) : latin1(buf, start, stop);
    if (text !== undefined) this.#strings.keep(slot, buf, from, stop, anyTable, text);
    return text;
  }

  #huffman(buf: Buffer, start: number, stop: number, skipAbove: number): string | undefined {
    const bound = huffmanDecodedBound(stop - start);
    if (bound > scratch.length && bound <= largestScratch) scratch = Buffer.allocUnsafeSlow(largestScratch);
    const output = bound > scratch.length ? Buffer.allocUnsafeSlow(bound) : scratch;
    const length = huffmanDecode(buf, start, stop, output);
    if (length < 0) {
      this.#error = badHuffman;
      return undefined;
    }
    this.#length = length;
    return length > skipAbove ? "" : latin1(output, 0, length);
  }

  #compressionError(): undefined {
    return this.#fail(this.#error);
  }

  #fail(reason: string): undefined {
    this.#fault = { kind: "compression", reason };
    return undefined;
  }
}

/** The string of some octets. A native call pays off from four octets on. */
function latin1(buf: Buffer, start: number, end: number): string {
  if (end - start > 3) return buf.toString("latin1", start, end);
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(buf[i] as number);
  return text;
}
