// Metadata (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Custom-Metadata): keys with text, and keys that
// end in `-bin` with bytes.

/** A key of text: the compiler refuses a literal that ends in `-bin`. */
export type TextKey<Key extends string> = Lowercase<Key> extends `${string}-bin` ? never : Key;

/** A key of bytes. The compiler refuses a literal that does not end in `-bin`. */
export type BytesKey<Key extends string> = string extends Key ? Key : Lowercase<Key> extends `${string}-bin` ? Key : never;

/** What a key holds: bytes if it ends in `-bin`, text if not. */
export type MetadataValue<Key extends string> = string extends Key
  ? string | Uint8Array
  : Lowercase<Key> extends `${string}-bin`
    ? Uint8Array
    : string;

/**
 * Metadata, or an object with its entries. Keys are case-insensitive. Keys that end in `-bin` take bytes, all others take printable
 * ASCII. A key may have several values: an array.
 */
export type MetadataInit = Metadata | { readonly [key: string]: string | Uint8Array | readonly (string | Uint8Array)[] };

/** Metadata that cannot be sent. The message names the key, and never the value, which may be a secret. */
export class MetadataError extends TypeError {
  static {
    MetadataError.prototype.name = "MetadataError";
  }
}

/**
 * The metadata of a request, a response header or a trailer. Keys are case-insensitive and are kept in lower case; values keep their
 * order.
 *
 * @example
 * const metadata = new Metadata({ "x-user": "42", "x-trace-bin": bytes });
 * metadata.get("x-user"); // "42"
 * metadata.getBytes("x-trace-bin");
 */
export class Metadata implements Iterable<[key: string, value: string | Buffer]> {
  readonly #values = new Map<string, (string | Buffer)[]>();

  /** @throws MetadataError if a key or a value is illegal. */
  constructor(init?: MetadataInit) {
    if (init === undefined) return;
    if (init instanceof Metadata) {
      this.merge(init);
      return;
    }
    // `Object.entries` finds nothing in a Map or in Headers.
    if (typeof init !== "object" || init === null || Symbol.iterator in init) {
      throw new MetadataError(`metadata takes Metadata, or an object with its entries, got ${kindOf(init)}`);
    }
    for (const [key, values] of Object.entries(init)) {
      for (const value of Array.isArray(values) ? values : [values]) this.add(key, value);
    }
  }

  /** The number of keys. */
  get size(): number {
    return this.#values.size;
  }

  has(key: string): boolean {
    return this.#values.has(lowerCase(key));
  }

  /** The first text of a key; undefined if there is none. Throws a TypeError for a key of bytes. */
  get<Key extends string>(key: TextKey<Key>): string | undefined {
    return this.getAll(key)[0];
  }

  /** All texts of a key, in order. Throws a TypeError for a key of bytes. */
  getAll<Key extends string>(key: TextKey<Key>): readonly string[] {
    if (isBinary(key)) throw new TypeError(`the metadata key "${key}" holds bytes: read it with getBytes()`);
    return (this.#values.get(key.toLowerCase()) as string[] | undefined) ?? [];
  }

  /** The first bytes of a key that ends in `-bin`; undefined if there are none. Throws a TypeError for a key of text. */
  getBytes<Key extends string>(key: BytesKey<Key>): Buffer | undefined {
    return this.getAllBytes(key)[0];
  }

  /** All bytes of a key that ends in `-bin`, in order. Throws a TypeError for a key of text. */
  getAllBytes<Key extends string>(key: BytesKey<Key>): readonly Buffer[] {
    if (!isBinary(key)) throw new TypeError(`the metadata key "${key}" holds text: read it with get()`);
    return (this.#values.get(key.toLowerCase()) as Buffer[] | undefined) ?? [];
  }

  /** Replaces the values of a key. @throws MetadataError if the key or the value is illegal. */
  set<Key extends string>(key: Key, value: MetadataValue<Key> | readonly MetadataValue<Key>[]): this {
    checkKey(key);
    const values = (Array.isArray(value) ? value : [value]).map((each: unknown) => checked(key, each));
    this.#values.set(key.toLowerCase(), values);
    return this;
  }

  /** Adds a value to those of a key. @throws MetadataError if the key or the value is illegal. */
  add<Key extends string>(key: Key, value: MetadataValue<Key>): this {
    const each = checked(key, value);
    this.#push(key.toLowerCase(), each);
    return this;
  }

  /** Returns whether the key was there. */
  delete(key: string): boolean {
    return this.#values.delete(lowerCase(key));
  }

  /** Adds the values of other metadata to those that are here. */
  merge(other: Metadata): this {
    if (!(other instanceof Metadata)) throw new MetadataError(`merge() takes Metadata, got ${kindOf(other)}`);
    // A copy, in case it is the same object.
    for (const [key, values] of [...other.#values]) for (const value of [...values]) this.#push(key, value);
    return this;
  }

  /** A copy that shares nothing with this: bytes are copied, too. */
  clone(): Metadata {
    const copy = new Metadata();
    for (const [key, value] of this) copy.#push(key, typeof value === "string" ? value : Buffer.from(value));
    return copy;
  }

  keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  /** Each value with its key, in the order in which the keys were first added. */
  *[Symbol.iterator](): IterableIterator<[key: string, value: string | Buffer]> {
    for (const [key, values] of this.#values) for (const value of values) yield [key, value];
  }

  /** The keys, and no value: a value may be a secret. */
  toJSON(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** Adds a value that a peer sent, unchecked and without white space at its ends (PROTOCOL-HTTP2.md, ASCII-Value): a transport's. */
  receive(key: string, value: string): void {
    if (!isBinary(key)) this.#push(key, withoutOuterSpaces(value));
    // A peer may join the values of a binary key by commas, and leave the padding out.
    else for (const part of value.split(",")) this.#push(key, Buffer.from(part, "base64"));
  }

  #push(key: string, value: string | Buffer): void {
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, [value]);
    else values.push(value);
  }
}

/** Not by a pattern: those take quadratic time on what is mostly white space. */
function withoutOuterSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(char: number): boolean {
  return char === 0x20 || char === 0x09;
}

function lowerCase(key: string): string {
  checkText(key);
  return key.toLowerCase();
}

function isBinary(key: string): boolean {
  checkText(key);
  return key.endsWith("-bin") || /-bin$/i.test(key);
}

function checkText(key: unknown): asserts key is string {
  if (typeof key !== "string") throw new MetadataError(`a metadata key must be a string, got ${kindOf(key)}`);
}

function checkKey(key: unknown): void {
  checkText(key);
  if (!/^[0-9a-z_.-]+$/i.test(key))
    throw new MetadataError(`${JSON.stringify(key)} is no metadata key: it takes a-z, 0-9, "-", "_" and "."`);
}

function checked(key: string, value: unknown): string | Buffer {
  checkKey(key);
  if (isBinary(key)) {
    if (!(value instanceof Uint8Array)) throw new MetadataError(`the metadata key "${key}" takes bytes, got ${kindOf(value)}`);
    return Buffer.from(value);
  }
  if (typeof value !== "string") throw new MetadataError(`the metadata key "${key}" takes a string, got ${kindOf(value)}`);
  if (!/^[ -~]*$/.test(value)) throw new MetadataError(`the value of the metadata key "${key}" has characters beyond printable ASCII`);
  // RFC 9113, section 8.2.1.
  if (/^ | $/.test(value)) throw new MetadataError(`the value of the metadata key "${key}" begins or ends with a space`);
  return value;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Uint8Array) return "bytes";
  return typeof value === "object" ? `an object of ${value.constructor?.name ?? "no class"}` : `a value of type ${typeof value}`;
}

/**
 * Makes metadata from its shorthand. What is metadata already is returned as it is, not copied.
 * @throws MetadataError if a key or a value is illegal.
 */
export function toMetadata(init: MetadataInit | undefined): Metadata {
  return init instanceof Metadata ? init : new Metadata(init);
}
