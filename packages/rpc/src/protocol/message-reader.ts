// Cuts the bytes of a stream into messages. The bytes of a message that comes in pieces are copied together, into a buffer that grows with what
// has come, not with what its prefix promises. Bytes that nobody has asked for yet stay as they came, so a thousand empty messages take five thousand bytes and
// no objects.

const prefix = 5;
/** What a message that comes in pieces begins with, and how much faster than its bytes its buffer grows. */
const firstBytes = 4 * 1024;
const growth = 4;
/** Small parts that wait are copied together into blocks of up to this size. */
const largestBlock = 64 * 1024;

/** What waits may hold on to so many bytes, however few it has itself: copying them costs more than keeping them. */
const smallestCopied = 4 * 1024;

/** So many bytes are copied here: a call of native code costs more. */
const fewBytes = 32;

const nothing = Buffer.alloc(0);

/** A message that is to be longer than the limit. */
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
  /** What came after `#data`, in order. */
  #waiting: Buffer[] | undefined;
  #nextWaiting = 0;
  /** The block of which the last part is the end, and how much of it is in use. */
  #block: Buffer = nothing;
  #blockUsed = 0;
  #begun: Buffer | undefined;
  #filled = 0;
  /** With its prefix, which may not be complete yet. */
  #total = prefix;
  /** How many messages have come. */
  count = 0;
  /** The flag of the last of them: whether it is compressed. */
  flag = 0;
  /** Bytes that were pushed and that no call of `next` has reached. */
  unread = 0;

  /** @param limit the most bytes of a message; -1 for any. */
  constructor(limit: number) {
    this.#limit = limit === -1 ? Number.POSITIVE_INFINITY : limit;
  }

  /** Whether a message has begun, and not ended. */
  get inside(): boolean {
    return this.#filled > 0;
  }

  /** How many bytes of the message that has begun, or of its prefix, are missing. */
  get missing(): number {
    return this.#filled > 0 ? this.#total - this.#filled : 0;
  }

  /** How many bytes it keeps. */
  get bytes(): number {
    return (this.#begun?.length ?? 0) + this.unread + (this.unread > 0 ? this.#block.length - this.#blockUsed : 0);
  }

  /** Takes the next data. The bytes must not change afterwards. */
  push(data: Buffer): void {
    if (data.length === 0) return;
    if (this.unread === 0) {
      this.#data = data;
      this.#at = 0;
    } else this.#enqueue(data);
    this.unread += data.length;
  }

  /** What was pushed stays unread for longer: a small part must not hold on to all that the socket read with it. */
  keep(): void {
    if (this.#at > 0) {
      this.#data = this.#data.subarray(this.#at);
      this.#at = 0;
    }
    const { buffer, length } = this.#data;
    if (buffer.byteLength <= Math.max(2 * length, smallestCopied)) return;
    // A buffer of its own, not one of Node's pool, which would look as if it were to be copied again after each message.
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

  /** The next message that is complete; undefined once the data is used up. @throws MessageTooLarge */
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

  /** Lets go of everything. */
  clear(): void {
    this.#begun = undefined;
    this.#filled = 0;
    this.unread = 0;
    this.#drop();
  }

  /** Takes what belongs to the message that has begun, or its prefix. Returns how many bytes that is. */
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

/** A part of what has been read, copied if it would hold on to much more. */
export function cut(data: Buffer, start: number, end: number): Buffer {
  const length = end - start;
  if (length === 0) return nothing;
  if (data.buffer.byteLength <= 2 * length) return data.subarray(start, end);
  const own = Buffer.allocUnsafe(length);
  if (length <= fewBytes) for (let i = 0; i < length; i++) own[i] = data[start + i] as number;
  else data.copy(own, 0, start, end);
  return own;
}
