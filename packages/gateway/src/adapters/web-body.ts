// A web stream as Node's Readable.
import { Readable } from "node:stream";

/**
 * The body of a web Request. It reads a chunk when one is asked for. Destroying it cancels the web
 * stream, and `Readable.fromWeb` reports that as an error of its own.
 */
export class WebBody extends Readable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  /** @throws TypeError if the stream is locked: someone else reads it. */
  constructor(stream: ReadableStream<Uint8Array>) {
    super();
    this.#reader = stream.getReader();
  }

  override _read(): void {
    this.#next().catch((error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))));
  }

  async #next(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      // Node ignores an empty chunk, and would not ask again.
      if (!done && value.byteLength === 0) continue;
      if (!this.destroyed) this.push(done ? null : bytesOf(value));
      return;
    }
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#reader.cancel(error ?? undefined).catch(() => {});
    callback(error);
  }
}

/** @throws TypeError for chunks that are not bytes, which a Request of one's own may have. */
function bytesOf(chunk: unknown): Uint8Array {
  if (!ArrayBuffer.isView(chunk)) throw new TypeError(`the chunks of a body must be Uint8Array, got ${typeof chunk}`);
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
