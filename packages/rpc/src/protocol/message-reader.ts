// Splits the bytes of a stream into messages. A message that arrives in pieces is copied into one
// buffer, which grows with the bytes that have arrived rather than with the length that the prefix
// announces. Bytes stay as they arrived until a message is requested, so a thousand empty messages
// take five thousand bytes and no objects.

const prefix = 5;
/** The first size of the buffer for a message in pieces, and the factor by which it grows. */
const firstBytes = 4 * 1024;
const growth = 4;
/** Small unread chunks are copied together into blocks of up to this size. */
const largestBlock = 64 * 1024;

/**
 * An unread chunk may keep a buffer of this size alive, however small the chunk is: copying costs
 * more.
 */
const smallestCopied = 4 * 1024;

/** Up to this size, a copy in JavaScript costs less than a native call. */
const fewBytes = 32;

const nothing = Buffer.alloc(0);

/** Thrown if the prefix of a message announces more bytes than the limit. */
export class MessageTooLarge extends Error {
  static {
    MessageTooLarge.prototype.name = "MessageTooLarge";
  }

  readonly bytes: number;
  readonly limit: number;

  constructor(bytes: number, limit: number) {
    super(`Received message larger than max (${bytes} vs ${limit})`);
    this.bytes = bytes;
    this.limit = limit;
  }
}

export class MessageReader {
  readonly #limit: number;
  #data: Buffer = nothing;
  #at = 0;
  /** Chunks that arrived after `#data`, in order. */
  #waiting: Buffer[] | undefined;
  #nextWaiting = 0;
  /** The block that ends with the last waiting chunk, and how much of it is in use. */
  #block: Buffer = nothing;
  #blockUsed = 0;
  #begun: Buffer | undefined;
  #filled = 0;
  /**
   * The size of the current message with its prefix. Only the size of the prefix until that is
   * complete.
   */
  #total = prefix;
  /** How many messages `next` has returned. */
  count = 0;
  /** The flag of the last message: 1 if it is compressed. */
  flag = 0;
  /** Bytes that were pushed and that `next` has not consumed. */
  unread = 0;

  /** @param limit the maximum size of a message in bytes; -1 for no limit. */
  constructor(limit: number) {
    this.#limit = limit === -1 ? Number.POSITIVE_INFINITY : limit;
  }

  /** Whether a message has begun and is incomplete. */
  get inside(): boolean {
    return this.#filled > 0;
  }

  /** How many bytes of the current message, or of its prefix, are missing. */
  get missing(): number {
    return this.#filled > 0 ? this.#total - this.#filled : 0;
  }

  /** The number of bytes that the reader holds. */
  get bytes(): number {
    return (this.#begun?.length ?? 0) + this.unread + (this.unread > 0 ? this.#block.length - this.#blockUsed : 0);
  }

  /** Adds the next chunk. The bytes must not change afterwards. */
  push(data: Buffer): void {
    if (data.length === 0) return;
    if (this.unread === 0) {
      this.#data = data;
      this.#at = 0;
    } else this.#enqueue(data);
    this.unread += data.length;
  }

  /**
   * Called if pushed data stays unread. Copies a small chunk, so that it does not keep the whole
   * buffer that the socket read alive.
   */
  keep(): void {
    if (this.#at > 0) {
      this.#data = this.#data.subarray(this.#at);
      this.#at = 0;
    }
    const { buffer, length } = this.#data;
    if (buffer.byteLength <= Math.max(2 * length, smallestCopied)) return;
    // Not from Node's pool: a pooled buffer would be copied again after each message.
    const own = Buffer.allocUnsafeSlow(length);
    own.set(this.#data);
    this.#data = own;
  }

  #enqueue(data: Buffer): void {
    this.#waiting ??= [];
    const waiting = this.#waiting;
    if (data.buffer.byteLength <= 2 * data.length) {
      waiting.push(data);
      this.#block = nothing;
      this.#blockUsed = 0;
      return;
    }
    const { length } = data;
    const used = this.#blockUsed;
    if (waiting.length > this.#nextWaiting && this.#block.length - used >= length) {
      this.#block.set(data, used);
      this.#blockUsed += length;
      const last = waiting[waiting.length - 1] as Buffer;
      waiting[waiting.length - 1] = this.#block.subarray(used - last.length, used + length);
      return;
    }
    this.#block = Buffer.allocUnsafeSlow(Math.max(length, Math.min(this.unread, largestBlock)));
    this.#block.set(data);
    this.#blockUsed = length;
    waiting.push(this.#block.subarray(0, length));
  }

  /**
   * Returns the next complete message, or `undefined` once the data is used up.
   *
   * @throws MessageTooLarge
   */
  next(): Buffer | undefined {
    while (this.unread > 0) {
      const data = this.#data;
      const at = this.#at;
      if (at === data.length) {
        this.#shift();
        continue;
      }
      if (this.#filled === 0 && data.length - at >= prefix) {
        const end = at + prefix + this.#length(data, at);
        if (end <= data.length) {
          this.#read(end - at);
          this.count++;
          this.flag = data[at] as number;
          return cut(data, at + prefix, end);
        }
      }
      this.#read(this.#gather(data, at));
      if (this.#filled === this.#total && this.#begun !== undefined) {
        const message = this.#begun.subarray(prefix, this.#total);
        this.flag = this.#begun[0] as number;
        this.#begun = undefined;
        this.#filled = 0;
        this.#total = prefix;
        this.count++;
        return message;
      }
    }
    return undefined;
  }

  #read(bytes: number): void {
    this.#at += bytes;
    this.unread -= bytes;
    if (this.unread === 0) this.#drop();
  }

  #shift(): void {
    const waiting = this.#waiting as Buffer[];
    this.#data = waiting[this.#nextWaiting] as Buffer;
    waiting[this.#nextWaiting++] = nothing;
    this.#at = 0;
    if (this.#nextWaiting === waiting.length) {
      waiting.length = 0;
      this.#nextWaiting = 0;
    }
  }

  #drop(): void {
    this.#data = nothing;
    this.#at = 0;
    this.#waiting = undefined;
    this.#nextWaiting = 0;
    this.#block = nothing;
    this.#blockUsed = 0;
  }

  /** Releases all data. */
  clear(): void {
    this.#begun = undefined;
    this.#filled = 0;
    this.unread = 0;
    this.#drop();
  }

  /** Copies the bytes that belong to the current message or its prefix. Returns their number. */
  #gather(data: Buffer, from: number): number {
    const wanted = Math.min(this.#total - this.#filled, data.length - from);
    const buffer = this.#room(this.#filled + wanted);
    data.copy(buffer, this.#filled, from, from + wanted);
    this.#filled += wanted;
    if (this.#filled === prefix && this.#total === prefix) this.#total += this.#length(buffer, 0);
    return wanted;
  }

  #room(bytes: number): Buffer {
    const now = this.#begun;
    if (now !== undefined && now.length >= bytes) return now;
    const known = this.#total > prefix;
    const size = Math.max(bytes, Math.min(known ? this.#total : prefix, Math.max(firstBytes, (now?.length ?? 0) * growth)));
    const larger = Buffer.allocUnsafe(size);
    now?.copy(larger, 0, 0, this.#filled);
    this.#begun = larger;
    return larger;
  }

  #length(data: Buffer, at: number): number {
    const length = data.readUInt32BE(at + 1);
    if (length > this.#limit) throw new MessageTooLarge(length, this.#limit);
    return length;
  }
}

/** Returns a part of a chunk. Copies it if it would keep a much larger buffer alive. */
export function cut(data: Buffer, start: number, end: number): Buffer {
  const length = end - start;
  if (length === 0) return nothing;
  if (data.buffer.byteLength <= 2 * length) return data.subarray(start, end);
  const own = Buffer.allocUnsafe(length);
  if (length <= fewBytes) for (let i = 0; i < length; i++) own[i] = data[start + i] as number;
  else data.copy(own, 0, start, end);
  return own;
}
