// A queue of messages that counts their bytes.

/** What a queued message takes beside its bytes, about. It bounds a queue of empty messages. */
const overhead = 64;

/** A message in a queue. */
export class QueuedMessage {
  readonly bytes: Buffer;
  /** Whether it came compressed, or is to be compressed. */
  readonly compressed: boolean;
  next: QueuedMessage | undefined;

  constructor(bytes: Buffer, compressed: boolean) {
    this.bytes = bytes;
    this.compressed = compressed;
    this.next = undefined;
  }
}

export class MessageQueue {
  #first: QueuedMessage | undefined;
  #last: QueuedMessage | undefined;
  /** The bytes of the messages, and 64 more for each. */
  bytes = 0;

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  push(bytes: Buffer, compressed: boolean): void {
    const message = new QueuedMessage(bytes, compressed);
    if (this.#last === undefined) this.#first = message;
    else this.#last.next = message;
    this.#last = message;
    this.bytes += bytes.length + overhead;
  }

  shift(): QueuedMessage | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#first = first.next;
    if (first.next === undefined) this.#last = undefined;
    // A message that has left the queue must not keep those behind it alive.
    first.next = undefined;
    this.bytes -= first.bytes.length + overhead;
    return first;
  }

  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.bytes = 0;
  }
}
