// The decoder of header blocks (RFC 7541, 3.2 and 6).

import { isFieldValue, isLowerCaseToken } from "../headers/field-syntax.ts";
import { HeaderList } from "../headers/header-list.ts";
import { anyTable, BlockCache, slotBits, slotMask, slotOf } from "./block-cache.ts";
import { DynamicTable, entryOverhead } from "./dynamic-table.ts";
import { huffmanDecode, huffmanDecodedBound } from "./huffman-decode.ts";
import { isSecret } from "./secrets.ts";
import { staticLength, staticNames, staticValues } from "./static-table.ts";

/** The size of the dynamic table until a SETTINGS frame changes it (RFC 9113, 6.5.2). */
export const defaultTableSize = 4096;

/** The reason why {@link Decoder.decode} returned no list. */
export interface DecodeFault {
  /**
   * `compression`: a connection error of type COMPRESSION_ERROR. The decoder is out of sync with
   * its peer and returns this fault from now on. `too-large`: the list exceeds its limit. The
   * dynamic table stays in sync, and the connection can continue.
   */
  readonly kind: "compression" | "too-large";
  readonly reason: string;
}

const tooLarge: DecodeFault = { kind: "too-large", reason: "the header list exceeds the maximum size (RFC 9113, 6.5.2)" };
const truncated = "a header block ends within a field (RFC 7541, 6)";
const integerTooLarge = "an integer exceeds 31 bits or 5 octets (RFC 7541, 5.1)";
const badIndex = "an index points past the end of the dynamic table (RFC 7541, 2.3.3)";
const zeroIndex = "an indexed field has the index 0 (RFC 7541, 6.1)";
const badHuffman = "a Huffman-coded string contains EOS or malformed padding (RFC 7541, 5.2)";
const lateUpdate = "a dynamic table size update must be at the beginning of a header block (RFC 7541, 4.2)";
const largeUpdate = "a dynamic table size update exceeds SETTINGS_HEADER_TABLE_SIZE (RFC 7541, 6.3)";
const missingUpdate = "a reduced SETTINGS_HEADER_TABLE_SIZE requires a dynamic table size update (RFC 7541, 4.2)";

const maxInteger = 0x7fffffff;

/** A cached literal field. */
interface Literal {
  readonly name: string;
  readonly value: string;
  readonly legal: boolean;
}

/**
 * The maximum sizes in octets of a literal field and of a name that are cached for later blocks.
 */
const longestLiteral = 128;
const longestName = 64;

/** A shared buffer for decoded Huffman code, which is converted to a string immediately. */
let scratch = Buffer.allocUnsafeSlow(4096);
const largestScratch = 64 * 1024;

export interface DecoderOptions {
  /** The announced SETTINGS_HEADER_TABLE_SIZE in octets. Default: 4096. */
  maxTableSize?: number;
  /** Accepts leading and trailing white space in the values of regular fields. Default: `false`. */
  keepSpaces?: boolean;
}

export class Decoder {
  readonly #table = new DynamicTable(defaultTableSize);
  readonly #announced: number;
  readonly #keepSpaces: boolean;
  /** The maximum size that an update may set. */
  #limit: number;
  #updateRequired = false;
  /** Counts changes of the dynamic table. */
  #state = 0;
  readonly #lists = new BlockCache<HeaderList>();
  readonly #literals = new BlockCache<Literal>();
  readonly #names = new BlockCache<string>();
  #fault: DecodeFault | undefined;

  // The position within the block, the decoded length of the last string, and the last error.
  #at = 0;
  #length = 0;
  #error = "";

  constructor({ maxTableSize = defaultTableSize, keepSpaces = false }: DecoderOptions = {}) {
    this.#announced = maxTableSize;
    this.#keepSpaces = keepSpaces;
    this.#limit = Math.max(maxTableSize, defaultTableSize);
  }

  /** The reason why the last call of {@link decode} returned `undefined`. */
  get fault(): DecodeFault | undefined {
    return this.#fault;
  }

  /** The size of the dynamic table in octets (RFC 7541, 4.1). */
  get tableSize(): number {
    return this.#table.size;
  }

  /**
   * Call this when the peer acknowledges the SETTINGS that announce `maxTableSize`. Until then the
   * peer may use the default size. If the size has decreased, the peer's next block begins with an
   * update (RFC 7541, 4.2).
   */
  settingsAcknowledged(): void {
    this.#limit = this.#announced;
    this.#updateRequired = this.#table.maxSize > this.#announced;
  }

  /**
   * Decodes the complete header block `buf[start, end)`. Returns `undefined` and sets {@link fault}
   * if the block is malformed, or if its list is larger than `maxListSize` octets, counted as in
   * RFC 9113, 6.5.2. A repeated block gives the same list object.
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
    let legal = true;
    this.#at = start;
    while (this.#at < end) {
      const from = this.#at;
      const octet = buf[from] as number;
      // A dynamic table size update (6.3).
      if ((octet & 0xe0) === 0x20) {
        if (!this.#update(buf, end, size > 0)) return this.#compressionError();
        continue;
      }
      if (this.#updateRequired) return this.#fail(missingUpdate);

      // A cached literal without indexing (6.2.2).
      if (octet < 0x10) {
        const slot = slotOfLiteral(buf, from, end);
        const known = slot < 0 ? undefined : this.#literals.find(slot & slotMask, buf, from, slot >> slotBits, anyTable);
        if (known !== undefined) {
          this.#at = slot >> slotBits;
          size += known.name.length + known.value.length + entryOverhead;
          legal &&= known.legal;
          if (size <= maxListSize) flat.push(known.name, known.value);
          continue;
        }
      }

      const indexed = octet >= 0x80;
      const inserts = !indexed && octet >= 0x40;
      const index = this.#integer(buf, end, indexed ? 0x7f : inserts ? 0x3f : 0x0f);
      if (index < 0) return this.#compressionError();
      const dynamic = index - staticLength;
      if (dynamic > 0) {
        if (dynamic > table.length) return this.#fail(badIndex);
        usesTable = true;
        legal &&= table.isLegal(dynamic);
      }

      // An indexed field (6.1).
      if (indexed) {
        if (index === 0) return this.#fail(zeroIndex);
        const name = dynamic > 0 ? table.name(dynamic) : (staticNames[index] as string);
        const value = dynamic > 0 ? table.value(dynamic) : (staticValues[index] as string);
        size += name.length + value.length + entryOverhead;
        if (size <= maxListSize) flat.push(name, value);
        continue;
      }

      // A literal with incremental indexing (6.2.1), without indexing (6.2.2) or never indexed
      // (6.2.3). Beyond the limit of the list, strings are only needed for the table.
      const room = size > maxListSize ? -1 : maxListSize - size;
      const skipAbove = inserts && room < table.maxSize ? table.maxSize : room;
      const sizeBefore = size;
      let name: string | undefined;
      if (index === 0) {
        name = this.#name(buf, end, skipAbove);
        if (name === undefined) return this.#compressionError();
        size += this.#length;
      } else {
        name = dynamic > 0 ? table.name(dynamic) : (staticNames[index] as string);
        size += name.length;
      }
      const value = this.#string(buf, end, skipAbove);
      if (value === undefined) return this.#compressionError();
      size += this.#length + entryOverhead;
      const keepSpaces = this.#keepSpaces && name.charCodeAt(0) !== 0x3a;
      const fieldLegal = (index !== 0 || isLegalName(name)) && isFieldValue(value, keepSpaces);
      legal &&= fieldLegal;
      if (inserts) {
        this.#state++;
        // Strings longer than the table were skipped.
        if (size - sizeBefore > table.maxSize) table.clear();
        else table.insert(name, value, fieldLegal);
      } else if ((octet & 0x10) !== 0) {
        secret = true;
        neverIndexed = (neverIndexed ?? new Set()).add(name);
      } else if (isSecret(name)) secret = true;
      else if (dynamic <= 0 && size <= maxListSize && this.#at - from <= longestLiteral) {
        const slot = slotOfLiteral(buf, from, end);
        if (slot >= 0) this.#literals.keep(slot & slotMask, buf, from, this.#at, anyTable, { name, value, legal: fieldLegal });
      }
      if (size <= maxListSize) flat.push(name, value);
    }
    if (size > maxListSize) {
      this.#fault = tooLarge;
      return undefined;
    }
    const list = new HeaderList(flat, neverIndexed);
    list.legal = legal;
    // The cache must not reveal the secrets of one user of a connection to another (RFC 7541, 7.1).
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

  /**
   * Reads an integer (5.1) with the prefix bits `mask`. Returns -1 and sets the error if it is
   * malformed.
   */
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

  /** Reads a name like {@link #string}, with a cache for names that the peer does not index. */
  #name(buf: Buffer, end: number, skipAbove: number): string | undefined {
    const from = this.#at;
    const octets = from < end ? (buf[from] as number) & 0x7f : 0;
    const stop = from + 1 + octets;
    if (octets < 4 || octets > longestName || octets > skipAbove || stop > end) return this.#string(buf, end, skipAbove);
    const slot = slotOf(buf, from, stop);
    const known = this.#names.find(slot, buf, from, stop, anyTable);
    if (known !== undefined) {
      this.#at = stop;
      this.#length = known.length;
      return known;
    }
    const name = this.#string(buf, end, skipAbove);
    if (name !== undefined && this.#length <= skipAbove) this.#names.keep(slot, buf, from, stop, anyTable, name);
    return name;
  }

  /**
   * Reads a string (5.2) and sets its length. A string longer than `skipAbove` octets is returned
   * empty. Returns `undefined` and sets the error if the string is malformed.
   */
  #string(buf: Buffer, end: number, skipAbove: number): string | undefined {
    if (this.#at >= end) {
      this.#error = truncated;
      return undefined;
    }
    const huffman = (buf[this.#at] as number) >= 0x80;
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
    if (huffman) return this.#huffman(buf, start, stop, skipAbove);
    return octets > skipAbove ? "" : latin1(buf, start, stop);
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

/**
 * Returns the end of the short literal field at `start`, shifted by `slotBits`, with its cache slot
 * in the low bits. Returns -1 if the field takes its name from the dynamic table, is long, or
 * extends beyond `end`.
 */
function slotOfLiteral(buf: Buffer, start: number, end: number): number {
  let at = start + 1;
  const index = buf[start] as number;
  if (index === 0) {
    // An octet beyond the buffer is undefined, which gives 0.
    at += 1 + ((buf[at] as number) & 0x7f);
  } else if (index === 0x0f) {
    at++;
    if ((buf[start + 1] as number) > staticLength - 0x0f) return -1;
  }
  if (at >= end) return -1;
  at += 1 + ((buf[at] as number) & 0x7f);
  if (at > end || at - start > longestLiteral) return -1;
  return (at << slotBits) | slotOf(buf, start, at);
}

/** Accepts any pseudo-header field, because the validation checks their names. */
function isLegalName(name: string): boolean {
  return name.charCodeAt(0) === 0x3a || isLowerCaseToken(name);
}

/** Converts octets to a string. A native call pays off from four octets on. */
function latin1(buf: Buffer, start: number, end: number): string {
  if (end - start > 3) return buf.toString("latin1", start, end);
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(buf[i] as number);
  return text;
}
