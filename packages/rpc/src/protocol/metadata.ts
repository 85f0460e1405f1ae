// Metadata (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Custom-Metadata). Keys
// that end in `-bin` hold bytes; all other keys hold text.

/** A key for text. The compiler rejects a literal that ends in `-bin`. */
export type TextKey<Key extends string> = Lowercase<Key> extends `${string}-bin` ? never : Key;

/** A key for bytes. The compiler rejects a literal that does not end in `-bin`. */
export type BytesKey<Key extends string> = string extends Key ? Key : Lowercase<Key> extends `${string}-bin` ? Key : never;

/** The value of a key: bytes if the key ends in `-bin`, text otherwise. */
export type MetadataValue<Key extends string> = string extends Key
  ? string | Uint8Array
  : Lowercase<Key> extends `${string}-bin`
    ? Uint8Array
    : string;

/**
 * Metadata, or an object with its entries. Keys are case-insensitive. Keys that end in `-bin` take
 * bytes; all others take printable ASCII. An array holds several values of a key.
 */
export type MetadataInit = Metadata | { readonly [key: string]: string | Uint8Array | readonly (string | Uint8Array)[] };

/**
 * Thrown for metadata that cannot be sent. The message names the key but never the value, which may
 * be a secret.
 */
export class MetadataError extends TypeError {
  static {
    MetadataError.prototype.name = "MetadataError";
  }
}

/**
 * The metadata of a request, a response header or a trailer. Keys are case-insensitive and stored
 * in lower case. Values keep their order.
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
    // `Object.entries` returns nothing for a Map or for Headers.
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

  /**
   * Returns the first value of a key for text, or `undefined` if there is none.
   *
   * @throws TypeError for a key that ends in `-bin`.
   */
  get<Key extends string>(key: TextKey<Key>): string | undefined {
    return this.getAll(key)[0];
  }

  /**
   * Returns all values of a key for text, in order.
   *
   * @throws TypeError for a key that ends in `-bin`.
   */
  getAll<Key extends string>(key: TextKey<Key>): readonly string[] {
    if (isBinary(key)) throw new TypeError(`the metadata key "${key}" holds bytes: read it with getBytes()`);
    return (this.#values.get(key.toLowerCase()) as string[] | undefined) ?? [];
  }

  /**
   * Returns the first value of a key that ends in `-bin`, or `undefined` if there is none.
   *
   * @throws TypeError for any other key.
   */
  getBytes<Key extends string>(key: BytesKey<Key>): Buffer | undefined {
    return this.getAllBytes(key)[0];
  }

  /**
   * Returns all values of a key that ends in `-bin`, in order.
   *
   * @throws TypeError for any other key.
   */
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

  /**
   * Adds a value to a key.
   *
   * @throws MetadataError if the key or the value is illegal.
   */
  add<Key extends string>(key: Key, value: MetadataValue<Key>): this {
    const each = checked(key, value);
    this.#push(key.toLowerCase(), each);
    return this;
  }

  /** Removes a key. Returns whether it existed. */
  delete(key: string): boolean {
    return this.#values.delete(lowerCase(key));
  }

  /**
   * Adds all values of other metadata.
   *
   * @throws MetadataError if `other` is not Metadata.
   */
  merge(other: Metadata): this {
    if (!(other instanceof Metadata)) throw new MetadataError(`merge() takes Metadata, got ${kindOf(other)}`);
    // Copied first, in case both are the same object.
    for (const [key, values] of [...other.#values]) for (const value of [...values]) this.#push(key, value);
    return this;
  }

  /** Returns a copy that shares nothing with this object. Bytes are copied, too. */
  clone(): Metadata {
    const copy = new Metadata();
    for (const [key, value] of this) copy.#push(key, typeof value === "string" ? value : Buffer.from(value));
    return copy;
  }

  keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  /** Iterates over all values with their keys, in the order in which the keys were first added. */
  *[Symbol.iterator](): IterableIterator<[key: string, value: string | Buffer]> {
    for (const [key, values] of this.#values) for (const value of values) yield [key, value];
  }

  /** Returns the keys only: a value may be a secret. */
  toJSON(): readonly string[] {
    return [...this.#values.keys()];
  }

  /**
   * Adds a value that a peer sent, for transports. The value is not checked. White space at either
   * end is removed (PROTOCOL-HTTP2.md, ASCII-Value).
   */
  receive(key: string, value: string): void {
    if (!isBinary(key)) this.#push(key, withoutOuterSpaces(value));
    // A peer may join the values of a binary key with commas and leave out the padding.
    else for (const part of value.split(",")) this.#push(key, Buffer.from(part, "base64"));
  }

  #push(key: string, value: string | Buffer): void {
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, [value]);
    else values.push(value);
  }
}

/** A loop, because a regular expression takes quadratic time on text that is mostly white space. */
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
  if (!/^[0-9a-z_.-]+$/i.test(key)) throw new MetadataError(`${JSON.stringify(key)} is not a metadata key: use a-z, 0-9, "-", "_" and "."`);
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
 * Creates metadata from an object with entries. Returns Metadata as it is, without a copy.
 *
 * @throws MetadataError if a key or a value is illegal.
 */
export function toMetadata(init: MetadataInit | undefined): Metadata {
  return init instanceof Metadata ? init : new Metadata(init);
}
