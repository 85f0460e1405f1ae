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

// Access without copies, for the other files of the protocol.

/** Returns the keys and values of metadata in turn. The caller must not change the array. */
export let fieldsIn: (metadata: Metadata) => readonly (string | Buffer)[];

/** Returns a copy with the keys for which `takes` returns true. */
export let filtered: (metadata: Metadata, takes: (key: string) => boolean) => Metadata;

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
  /** Keys and values in turn. The values of a key follow each other. Most metadata is a few fields. */
  #flat: (string | Buffer)[] = [];

  static {
    fieldsIn = (metadata) => metadata.#flat;
    filtered = (metadata, takes) => {
      const copy = new Metadata();
      const flat = metadata.#flat;
      for (let i = 0; i < flat.length; i += 2) if (takes(flat[i] as string)) copy.#flat.push(flat[i] as string, flat[i + 1] as Buffer);
      return copy;
    };
  }

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
    const flat = this.#flat;
    let keys = 0;
    for (let i = 0; i < flat.length; i += 2) if (i === 0 || flat[i] !== flat[i - 2]) keys++;
    return keys;
  }

  has(key: string): boolean {
    return this.#find(lowerCase(key)) !== -1;
  }

  /**
   * Returns the first value of a key for text, or `undefined` if there is none.
   *
   * @throws TypeError for a key that ends in `-bin`.
   */
  get<Key extends string>(key: TextKey<Key>): string | undefined {
    if (isBinary(key)) throw new TypeError(`the metadata key "${key}" holds bytes: read it with getBytes()`);
    const at = this.#find(key.toLowerCase());
    return at === -1 ? undefined : (this.#flat[at + 1] as string);
  }

  /**
   * Returns all values of a key for text, in order.
   *
   * @throws TypeError for a key that ends in `-bin`.
   */
  getAll<Key extends string>(key: TextKey<Key>): readonly string[] {
    if (isBinary(key)) throw new TypeError(`the metadata key "${key}" holds bytes: read it with getBytes()`);
    return this.#all(key.toLowerCase()) as string[];
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
    return this.#all(key.toLowerCase()) as Buffer[];
  }

  /** Replaces the values of a key. @throws MetadataError if the key or the value is illegal. */
  set<Key extends string>(key: Key, value: MetadataValue<Key> | readonly MetadataValue<Key>[]): this {
    checkKey(key);
    const name = key.toLowerCase();
    const fields = (Array.isArray(value) ? value : [value]).flatMap((each: unknown) => [name, checked(key, each)]);
    const at = this.#find(name);
    if (at === -1) this.#flat.push(...fields);
    else this.#flat.splice(at, this.#end(at) - at, ...fields);
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
    const at = this.#find(lowerCase(key));
    if (at !== -1) this.#flat.splice(at, this.#end(at) - at);
    return at !== -1;
  }

  /**
   * Adds all values of other metadata.
   *
   * @throws MetadataError if `other` is not Metadata.
   */
  merge(other: Metadata): this {
    if (!(other instanceof Metadata)) throw new MetadataError(`merge() takes Metadata, got ${kindOf(other)}`);
    // A copy, in case both are the same object.
    const flat = other.#flat.slice();
    if (this.#flat.length === 0) this.#flat = flat;
    else for (let i = 0; i < flat.length; i += 2) this.#push(flat[i] as string, flat[i + 1] as string | Buffer);
    return this;
  }

  /** Returns a copy that shares nothing with this object. Bytes are copied, too. */
  clone(): Metadata {
    const copy = new Metadata();
    copy.#flat = this.#flat.map((value) => (typeof value === "string" ? value : Buffer.from(value)));
    return copy;
  }

  /** Iterates over the keys, in the order in which they were first added. */
  keys(): IterableIterator<string> {
    return this.#keys().values();
  }

  /** Iterates over all values with their keys, in the order in which the keys were first added. */
  [Symbol.iterator](): IterableIterator<[key: string, value: string | Buffer]> {
    const flat = this.#flat;
    const entries: [string, string | Buffer][] = [];
    for (let i = 0; i < flat.length; i += 2) entries.push([flat[i] as string, flat[i + 1] as string | Buffer]);
    return entries.values();
  }

  /** Returns the keys only: a value may be a secret. */
  toJSON(): readonly string[] {
    return this.#keys();
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

  #keys(): string[] {
    const flat = this.#flat;
    const keys: string[] = [];
    for (let i = 0; i < flat.length; i += 2) if (i === 0 || flat[i] !== flat[i - 2]) keys.push(flat[i] as string);
    return keys;
  }

  /** Returns where the values of a key begin, or -1. */
  #find(key: string): number {
    const flat = this.#flat;
    for (let i = 0; i < flat.length; i += 2) if (flat[i] === key) return i;
    return -1;
  }

  /** Returns where the values of the key at an index end. */
  #end(at: number): number {
    const flat = this.#flat;
    let end = at + 2;
    while (end < flat.length && flat[end] === flat[at]) end += 2;
    return end;
  }

  #all(key: string): (string | Buffer)[] {
    const flat = this.#flat;
    const values: (string | Buffer)[] = [];
    for (let i = this.#find(key); i !== -1 && i < flat.length && flat[i] === key; i += 2) values.push(flat[i + 1] as string | Buffer);
    return values;
  }

  #push(key: string, value: string | Buffer): void {
    const at = this.#find(key);
    if (at === -1) this.#flat.push(key, value);
    else this.#flat.splice(this.#end(at), 0, key, value);
  }
}

/** A loop, because a regular expression takes quadratic time on text that is mostly white space. */
function withoutOuterSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return end - start === text.length ? text : text.slice(start, end);
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
  // Most keys do not end in n.
  const last = key.charCodeAt(key.length - 1) | 0x20;
  return last === 0x6e && (key.endsWith("-bin") || /-bin$/i.test(key));
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
  if (value.startsWith(" ") || value.endsWith(" "))
    throw new MetadataError(`the value of the metadata key "${key}" begins or ends with a space`);
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
