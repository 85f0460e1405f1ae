// A queue of messages that counts their bytes.

/** The approximate size of a queue entry without its bytes. It bounds a queue of empty messages. */
const overhead = 64;

/** A message in a queue. */
export class QueuedMessage {
  readonly bytes: Buffer;
  /** Whether the message arrived compressed, or is to be compressed. */
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
  /** The total size: the bytes of the messages, plus 64 for each message. */
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
    // A message that has left the queue must not keep the messages behind it alive.
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
