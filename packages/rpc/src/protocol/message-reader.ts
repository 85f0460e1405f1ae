// Cuts what a request brings into its messages, in the place of grpc-js's `StreamDecoder`.
//
// That one keeps a buffer for every DATA frame of a message: 4 MiB in frames of one byte are four million buffers, half a gigabyte. It also cannot tell whether a
// message is incomplete, so that a stream which ends in the middle of one looks like one that ends after the message before. Here, the bytes of a
// message that comes in pieces are copied together, into a buffer that grows with what has come, not with what the prefix promises. And it cuts no more messages than
// are asked for: a piece of 16 KiB may hold three thousand empty ones, each with a buffer of its own.

const prefix = 5;
/** What a message that comes in pieces begins with, and how much faster than its bytes its buffer grows. */
const firstBytes = 4 * 1024;
const growth = 4;

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
  #begun: Buffer | undefined;
  #filled = 0;
  /** With its prefix, which may not be complete yet. */
  #total = prefix;
  /** How many messages have come. */
  count = 0;

  /** @param limit the most bytes of a message; -1 for any. */
  constructor(limit: number) {
    this.#limit = limit === -1 ? Number.POSITIVE_INFINITY : limit;
  }

  /** Whether a message has begun, and not ended. */
  get inside(): boolean {
    return this.#filled > 0;
  }

  /** How many bytes it keeps. */
  get bytes(): number {
    return (this.#begun?.length ?? 0) + this.#data.length - this.#at;
  }

  /** Takes the next data. What came before has to be used up: `next()` has returned undefined. */
  push(data: Buffer): void {
    this.#data = data;
    this.#at = 0;
  }

  /** The next message that is complete, with its prefix; undefined once the data is used up. @throws MessageTooLarge */
  next(): Buffer | undefined {
    const data = this.#data;
    while (this.#at < data.length) {
      const at = this.#at;
      if (this.#filled === 0 && data.length - at >= prefix) {
        const end = at + prefix + this.#length(data, at);
        if (end <= data.length) {
          this.#at = end;
          this.count++;
          return cut(data, at, end);
        }
      }
      this.#at = this.#gather(data, at);
      if (this.#filled === this.#total && this.#begun !== undefined) {
        const message = this.#begun.subarray(0, this.#total);
        this.#begun = undefined;
        this.#filled = 0;
        this.#total = prefix;
        this.count++;
        return message;
      }
    }
    this.#data = nothing;
    this.#at = 0;
    return undefined;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#begun = undefined;
    this.#filled = 0;
    this.#data = nothing;
    this.#at = 0;
  }

  /** Takes what belongs to the message that has begun, or its prefix. */
  #gather(data: Buffer, from: number): number {
    const wanted = Math.min(this.#total - this.#filled, data.length - from);
    const buffer = this.#room(this.#filled + wanted);
    data.copy(buffer, this.#filled, from, from + wanted);
    this.#filled += wanted;
    if (this.#filled === prefix && this.#total === prefix) this.#total += this.#length(buffer, 0);
    return from + wanted;
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
function cut(data: Buffer, start: number, end: number): Buffer {
  const part = data.subarray(start, end);
  return data.buffer.byteLength <= 2 * part.length ? part : Buffer.from(part);
}
