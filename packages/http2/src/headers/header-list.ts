// Lists of header fields (RFC 9113, 8.1 to 8.3), which represent requests, responses and trailers.

import { malformedExtension, malformedRequest, malformedResponse, malformedTrailers } from "./validate.ts";

/** A header field. Each character of a string is one octet (latin1). */
export type HeaderField = readonly [name: string, value: string];

/** The pseudo-header fields of a request (RFC 9113, 8.3.1). */
export interface RequestPseudoFields {
  method: string;
  /** Omitted only for CONNECT (8.5). */
  scheme?: string | undefined;
  authority?: string | undefined;
  /** Omitted only for CONNECT (8.5). */
  path?: string | undefined;
  /** The protocol of an extended CONNECT (RFC 8441, 4). */
  protocol?: string | undefined;
}

export interface HeaderListOptions {
  /**
   * Additional fields to send as never-indexed literals (RFC 7541, 6.2.3) because their values are
   * secret. `authorization`, `cookie`, `proxy-authorization` and `set-cookie` always are.
   */
  neverIndexed?: Iterable<string>;
}

let nextSlot = 0;

/**
 * An immutable list of header fields. Create one with {@link HeaderList.request}, {@link
 * HeaderList.response} or {@link HeaderList.trailers}. A list can be sent any number of times on
 * any connection, and sending it again costs less than sending a new one.
 */
export class HeaderList {
  /** Alternating names and values, including pseudo-header fields, in wire order. */
  readonly flat: readonly string[];
  /** The index in `flat` of the first regular field, after the pseudo-header fields. */
  readonly regularStart: number;
  /** The size in octets: names and values, plus 32 for each field (RFC 9113, 6.5.2). */
  readonly size: number;
  /** The names of additional never-indexed fields (RFC 7541, 6.2.3). */
  readonly neverIndexed: ReadonlySet<string> | undefined;
  readonly method: string | undefined;
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly path: string | undefined;
  readonly protocol: string | undefined;
  /** `NaN` if the field is present but not a number. */
  readonly status: number | undefined;
  /** The value of `content-length`. Validating a request or response sets it. */
  contentLength: number | undefined = undefined;
  /** Free for use by the application, for values derived from the list. */
  memo: unknown = undefined;
  /** A bit for each role for which the list is known to be well-formed. For validation only. */
  wellFormedFor = 0;
  /** `true` if all octets are known to be legal (8.2.1). For the decoder and validation only. */
  legal = false;
  /** The list that this one extends, if any. For the encoder and validation only. */
  readonly base: HeaderList | undefined;
  /** `true` once an encoder has seen the list. For the encoder only. */
  encoded = false;
  /** Spreads lists over the slots of a cache. For the encoder only. */
  readonly slot: number;

  /**
   * Wraps alternating names and values without copying or checking them. The decoder uses it; the
   * validation functions check the result.
   */
  constructor(flat: readonly string[], neverIndexed?: ReadonlySet<string>, base?: HeaderList) {
    let size = 0;
    for (let i = 0; i < flat.length; i++) size += (flat[i] as string).length;
    this.flat = flat;
    this.size = size + flat.length * 16;
    this.neverIndexed = neverIndexed;
    this.base = base;
    this.slot = nextSlot = (nextSlot + 1) & 0xffff;
    let method: string | undefined;
    let scheme: string | undefined;
    let authority: string | undefined;
    let path: string | undefined;
    let protocol: string | undefined;
    let status: number | undefined;
    let i = 0;
    for (; i < flat.length && (flat[i] as string).charCodeAt(0) === 0x3a; i += 2) {
      const value = flat[i + 1] as string;
      switch (flat[i]) {
        case ":method":
          method ??= value;
          break;
        case ":scheme":
          scheme ??= value;
          break;
        case ":authority":
          authority ??= value;
          break;
        case ":path":
          path ??= value;
          break;
        case ":protocol":
          protocol ??= value;
          break;
        case ":status":
          status ??= value === "200" ? 200 : Number(value);
          break;
      }
    }
    this.regularStart = i;
    this.method = method;
    this.scheme = scheme;
    this.authority = authority;
    this.path = path;
    this.protocol = protocol;
    this.status = status;
  }

  /**
   * Creates a request. Throws a TypeError that names the field if the list is malformed (RFC 9113,
   * 8.2 and 8.3.1).
   */
  static request(pseudo: RequestPseudoFields, fields?: Iterable<HeaderField>, options?: HeaderListOptions): HeaderList {
    const flat = [":method", pseudo.method];
    if (pseudo.scheme !== undefined) flat.push(":scheme", pseudo.scheme);
    if (pseudo.path !== undefined) flat.push(":path", pseudo.path);
    if (pseudo.authority !== undefined) flat.push(":authority", pseudo.authority);
    if (pseudo.protocol !== undefined) flat.push(":protocol", pseudo.protocol);
    const list = build(flat, fields, options);
    return wellFormed(list, malformedRequest(list, true));
  }

  /**
   * Creates an informational (1xx) or final response. Throws a RangeError unless the status is a
   * whole number from 100 to 999 other than 101 (RFC 9113, 8.6), and a TypeError that names the
   * field if the list is malformed (8.2).
   */
  static response(status: number, fields?: Iterable<HeaderField>, options?: HeaderListOptions): HeaderList {
    if (!Number.isInteger(status) || status < 100 || status > 999 || status === 101) {
      throw new RangeError(`:status must be a whole number from 100 to 999 other than 101, got ${status}`);
    }
    const list = build([":status", String(status)], fields, options);
    return wellFormed(list, malformedResponse(list));
  }

  /**
   * Creates trailers. Throws a TypeError that names the field if the list is malformed (RFC 9113,
   * 8.1 and 8.2).
   */
  static trailers(fields: Iterable<HeaderField>, options?: HeaderListOptions): HeaderList {
    const list = build([], fields, options);
    return wellFormed(list, malformedTrailers(list));
  }

  /**
   * Returns this list followed by further fields. To send many lists that differ in a few fields,
   * extend one list: the common part is validated and encoded once. Throws the same errors as the
   * method that created the list.
   */
  extend(fields: Iterable<HeaderField>, options?: HeaderListOptions): HeaderList {
    const list = build(this.flat.slice(), fields, options, this);
    return wellFormed(list, malformedExtension(list, this));
  }

  /** Returns the first value of the regular field `name`, which must be in lower case. */
  get(name: string): string | undefined {
    const flat = this.flat;
    for (let i = this.regularStart; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1];
    return undefined;
  }

  /** Returns all values of the regular field `name`, in order. */
  getAll(name: string): string[] {
    const values: string[] = [];
    const flat = this.flat;
    for (let i = this.regularStart; i < flat.length; i += 2) if (flat[i] === name) values.push(flat[i + 1] as string);
    return values;
  }

  /** Iterates over the regular fields, in order. */
  *[Symbol.iterator](): IterableIterator<HeaderField> {
    for (let i = this.regularStart; i < this.flat.length; i += 2) yield [this.flat[i] as string, this.flat[i + 1] as string];
  }
}

function build(flat: string[], fields: Iterable<HeaderField> = [], options?: HeaderListOptions, base?: HeaderList): HeaderList {
  for (const field of fields) flat.push(field[0], field[1]);
  for (let i = base?.flat.length ?? 0; i < flat.length; i++) {
    const text: unknown = flat[i];
    if (typeof text !== "string") throw new TypeError(`${i % 2 === 0 ? "a field name" : flat[i - 1]} must be a string, got ${typeof text}`);
  }
  let neverIndexed = base?.neverIndexed;
  if (options?.neverIndexed !== undefined) neverIndexed = new Set([...(neverIndexed ?? []), ...options.neverIndexed]);
  return new HeaderList(flat, neverIndexed, base?.base ?? base);
}

function wellFormed(list: HeaderList, fault: string | undefined): HeaderList {
  if (fault !== undefined) throw new TypeError(fault);
  return list;
}
