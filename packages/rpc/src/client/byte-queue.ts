/** What an entry takes up beside its bytes, about: a stream of empty messages must not grow a queue without end. */
const overhead = 64;

/** A queue that knows how many bytes lie in it. */
export class ByteQueue<T> {
  readonly #items: { item: T; bytes: number }[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#items.length;
  }

  push(item: T, bytes: number): void {
    this.#items.push({ item, bytes: bytes + overhead });
    this.#bytes += bytes + overhead;
  }

  shift(): T | undefined {
    const first = this.#items.shift();
    if (first === undefined) return undefined;
    this.#bytes -= first.bytes;
    return first.item;
  }

  clear(): void {
    this.#items.length = 0;
    this.#bytes = 0;
  }
}
