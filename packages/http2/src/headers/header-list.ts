// A list of header fields (RFC 9113, 8.1 to 8.3): the form in which requests, responses and trailers
// pass through the engine.

import { malformedExtension, malformedRequest, malformedResponse, malformedTrailers } from "./validate.ts";

/** A field. Both strings hold octets: one char an octet (latin1). */
export type HeaderField = readonly [name: string, value: string];

/** The pseudo-header fields of a request (RFC 9113, 8.3.1). */
export interface RequestPseudoFields {
  method: string;
  /** Left out only for CONNECT (8.5). */
  scheme?: string | undefined;
  authority?: string | undefined;
  /** Left out only for CONNECT (8.5). */
  path?: string | undefined;
  /** The protocol of an extended CONNECT (RFC 8441, 4). */
  protocol?: string | undefined;
}

export interface HeaderListOptions {
  /**
   * The names of further fields that are sent as never-indexed literals (RFC 7541, 6.2.3), because
   * their values are secrets. `authorization`, `cookie`, `proxy-authorization` and `set-cookie`
   * always are.
   */
  neverIndexed?: Iterable<string>;
}

let nextSlot = 0;

/**
 * An immutable list of header fields. Make one with {@link HeaderList.request},
 * {@link HeaderList.response} or {@link HeaderList.trailers}; a list may be sent any number of times
 * on any connection, and a list that is sent again costs less than a new one.
 */
export class HeaderList {
  /** Names and values in turn, pseudo-header fields included, in the order of the wire. */
  readonly flat: readonly string[];
  /** The index in `flat` of the first regular field: what stands before it is pseudo-header fields. */
  readonly regularStart: number;
  /** The octets of names and values, and 32 for each field (RFC 9113, 6.5.2). */
  readonly size: number;
  /** The names of the fields beyond the default ones that are never indexed (RFC 7541, 6.2.3). */
  readonly neverIndexed: ReadonlySet<string> | undefined;
  readonly method: string | undefined;
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly path: string | undefined;
  readonly protocol: string | undefined;
  /** `NaN` if the field is there without being a number. */
  readonly status: number | undefined;
  /** The value of `content-length`; set by the validation of a request or a response. */
  contentLength: number | undefined = undefined;
  /** Free for the user of the engine, for what is derived from the list. */
  memo: unknown = undefined;
  /** The roles that the list is known to be well-formed for, a bit each. Of the validation only. */
  wellFormedFor = 0;
  /** Whether the octets of all fields are known to be legal (8.2.1). Of the decoder and the validation only. */
  legal = false;
  /** The list that this one extends, if any. Of the encoder and the validation only. */
  readonly base: HeaderList | undefined;
  /** Whether some encoder has seen the list before. Of the encoder only. */
  encoded = false;
  /** Spreads lists over the slots of a cache. Of the encoder only. */
  readonly slot: number;

  /**
   * Wraps names and values in turn without a copy or a check. The decoder makes lists so; the
   * validation functions check them.
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
   * A request. Throws a TypeError that names the field if the list is malformed (RFC 9113, 8.2 and
   * 8.3.1).
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
   * A response, interim (1xx) or final. Throws a RangeError unless the status is a whole number from
   * 100 to 999 other than 101 (RFC 9113, 8.6), and a TypeError that names the field if the list is
   * malformed (8.2).
   */
  static response(status: number, fields?: Iterable<HeaderField>, options?: HeaderListOptions): HeaderList {
    if (!Number.isInteger(status) || status < 100 || status > 999 || status === 101) {
      throw new RangeError(`:status must be a whole number from 100 to 999 other than 101, got ${status}`);
    }
    const list = build([":status", String(status)], fields, options);
    return wellFormed(list, malformedResponse(list));
  }

  /** Trailers. Throws a TypeError that names the field if the list is malformed (RFC 9113, 8.1 and 8.2). */
  static trailers(fields: Iterable<HeaderField>, options?: HeaderListOptions): HeaderList {
    const list = build([], fields, options);
    return wellFormed(list, malformedTrailers(list));
  }

  /**
   * This list followed by further fields. To send many lists that differ in a few fields only, extend
   * one list: the common part is validated once and encoded once. Throws as the builder of the list
   * does.
   */
  extend(fields: Iterable<HeaderField>, options?: HeaderListOptions): HeaderList {
    const list = build(this.flat.slice(), fields, options, this);
    return wellFormed(list, malformedExtension(list, this));
  }

  /** The first value of the regular field `name`, which is in lower case. */
  get(name: string): string | undefined {
    const flat = this.flat;
    for (let i = this.regularStart; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1];
    return undefined;
  }

  /** All values of the regular field `name`, in order. */
  getAll(name: string): string[] {
    const values: string[] = [];
    const flat = this.flat;
    for (let i = this.regularStart; i < flat.length; i += 2) if (flat[i] === name) values.push(flat[i + 1] as string);
    return values;
  }

  /** The regular fields, in order. */
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
