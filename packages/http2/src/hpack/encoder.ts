// The encoder of header blocks (RFC 7541, 3.1 and 6).

import type { HeaderList } from "../headers/header-list.ts";
import { anyTable } from "./block-cache.ts";
import { defaultTableSize } from "./decoder.ts";
import { EncoderTable, type IndexedName, noEntry } from "./encoder-table.ts";
import { huffmanEncode, huffmanEncodedLength } from "./huffman-encode.ts";
import { isSecret } from "./secrets.ts";
import { staticLength } from "./static-table.ts";

export interface EncoderOptions {
  /**
   * The maximum size of the dynamic table in octets, even if the peer allows more. Default: 4096.
   */
  maxTableSize?: number;
}

/** The cached encoding of a list. */
interface EncodedList {
  readonly list: HeaderList;
  readonly state: number;
  readonly octets: Uint8Array;
}

const slots = 32;
const longestKept = 512;

/** Room for two size updates (4.2), each an integer of up to six octets. */
const sizeUpdatesLength = 12;

export class Encoder {
  readonly #table = new EncoderTable(defaultTableSize);
  readonly #maxTableSize: number;
  /** The smallest size since the last block (4.2). */
  #smallestSize = defaultTableSize;
  #updateDue = false;
  #size = defaultTableSize;
  /** Counts changes of the dynamic table. */
  #state = 0;
  #kept: (EncodedList | undefined)[] | undefined;
  /** `true` if the current block refers to the dynamic table. */
  #usesTable = false;

  constructor({ maxTableSize = defaultTableSize }: EncoderOptions = {}) {
    this.#maxTableSize = maxTableSize;
    if (maxTableSize < defaultTableSize) this.setMaxTableSize(maxTableSize);
  }

  /** The size of the dynamic table in octets (RFC 7541, 4.1). */
  get tableSize(): number {
    return this.#table.size;
  }

  /**
   * Applies SETTINGS_HEADER_TABLE_SIZE of the peer. The next block begins with the required size
   * updates (RFC 7541, 4.2).
   */
  setMaxTableSize(size: number): void {
    const next = Math.min(size, this.#maxTableSize);
    if (next === this.#size && !this.#updateDue) return;
    this.#smallestSize = this.#updateDue ? Math.min(this.#smallestSize, next) : next;
    this.#size = next;
    this.#updateDue = true;
  }

  /** Returns the maximum number of octets that {@link encode} writes for this list. */
  maxEncodedLength(list: HeaderList): number {
    // A field takes up to 13 octets besides its strings: the type and two lengths of up to six
    // octets each. The size of the list includes 32 for each.
    return list.size + sizeUpdatesLength;
  }

  /**
   * Writes the header block of `list` at `offset` and returns the offset after it. `out` must have
   * room for {@link maxEncodedLength} octets. The blocks must be sent in the order of the calls.
   */
  encode(list: HeaderList, out: Buffer, offset: number): number {
    let at = offset;
    if (this.#updateDue) at = this.#writeUpdates(out, at);
    return this.#list(list, out, at);
  }

  #list(list: HeaderList, out: Buffer, start: number): number {
    const slot = list.slot & (slots - 1);
    const kept = this.#kept?.[slot];
    if (kept !== undefined && kept.list === list && (kept.state === this.#state || kept.state === anyTable)) {
      const octets = kept.octets;
      for (let i = 0; i < octets.length; i++) out[start + i] = octets[i] as number;
      this.#usesTable = kept.state !== anyTable;
      return start + octets.length;
    }
    const state = this.#state;
    const flat = list.flat;
    const base = list.base;
    let at = start;
    let i = 0;
    this.#usesTable = false;
    if (base !== undefined && list.neverIndexed === base.neverIndexed) {
      at = this.#list(base, out, at);
      i = base.flat.length;
    }
    for (; i < flat.length; i += 2) {
      const name = flat[i] as string;
      const never = list.neverIndexed?.has(name) ?? false;
      at = this.#field(name, flat[i + 1] as string, never, out, at);
    }
    if (!list.encoded) list.encoded = true;
    else if (state === this.#state && at - start <= longestKept) {
      this.#kept ??= new Array<EncodedList | undefined>(slots).fill(undefined);
      this.#kept[slot] = { list, state: this.#usesTable ? state : anyTable, octets: Uint8Array.prototype.slice.call(out, start, at) };
    }
    return at;
  }

  #writeUpdates(out: Buffer, offset: number): number {
    let at = offset;
    if (this.#smallestSize < this.#size) at = writeInteger(this.#smallestSize, 0x20, 0x1f, out, at);
    at = writeInteger(this.#size, 0x20, 0x1f, out, at);
    this.#table.resize(this.#smallestSize);
    this.#table.resize(this.#size);
    this.#updateDue = false;
    this.#state++;
    return at;
  }

  #field(name: string, value: string, never: boolean, out: Buffer, offset: number): number {
    const record = this.#table.find(name);
    if (record === undefined) return writeStringLiteral(never || isSecret(name) ? 0x10 : 0x00, name, value, out, offset);
    if (never || record.secret) return this.#literal(0x10, 0x0f, record, value, out, offset);
    const entry = this.#table.entryOf(record, value);
    if (entry < noEntry) return writeInteger(~entry, 0x80, 0x7f, out, offset);
    if (entry >= 0) {
      this.#usesTable = true;
      return writeInteger(this.#indexOf(entry), 0x80, 0x7f, out, offset);
    }
    if (!this.#table.isWorthEntry(record, value)) return this.#literal(0x00, 0x0f, record, value, out, offset);
    // The index of the name refers to the table before the insertion.
    const at = this.#literal(0x40, 0x3f, record, value, out, offset);
    this.#table.add(record, value);
    this.#state++;
    return at;
  }

  #literal(type: number, mask: number, record: IndexedName, value: string, out: Buffer, offset: number): number {
    if (record.staticIndex > 0) return writeString(value, out, writeInteger(record.staticIndex, type, mask, out, offset));
    if (record.newest >= 0) {
      this.#usesTable = true;
      return writeString(value, out, writeInteger(this.#indexOf(record.newest), type, mask, out, offset));
    }
    return writeStringLiteral(type, record.name, value, out, offset);
  }

  #indexOf(entry: number): number {
    return staticLength + this.#table.inserted - entry;
  }
}

function writeStringLiteral(type: number, name: string, value: string, out: Buffer, offset: number): number {
  out[offset] = type;
  return writeString(value, out, writeString(name, out, offset + 1));
}

/** Writes an integer (5.1) after the bits `type`. */
function writeInteger(value: number, type: number, mask: number, out: Buffer, offset: number): number {
  let at = offset;
  if (value < mask) {
    out[at++] = type | value;
    return at;
  }
  out[at++] = type | mask;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  return at;
}

/** Writes a string (5.2), Huffman-coded if that is shorter. */
function writeString(text: string, out: Buffer, offset: number): number {
  const length = text.length;
  const huffmanLength = huffmanEncodedLength(text);
  if (huffmanLength < length) return huffmanEncode(text, out, writeInteger(huffmanLength, 0x80, 0x7f, out, offset));
  const at = writeInteger(length, 0x00, 0x7f, out, offset);
  // A native call pays off above about twenty octets.
  if (length > 20) out.write(text, at, length, "latin1");
  else for (let i = 0; i < length; i++) out[at + i] = text.charCodeAt(i);
  return at + length;
}
