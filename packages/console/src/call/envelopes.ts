// The envelopes of streams in Connect: a byte of flags, the length in four bytes, and the message.

const headerBytes = 5;

export interface Envelope {
  readonly flags: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Wraps a text. */
export function envelope(text: string): Uint8Array<ArrayBuffer> {
  const data = new TextEncoder().encode(text);
  const bytes = new Uint8Array(headerBytes + data.length);
  new DataView(bytes.buffer).setUint32(1, data.length);
  bytes.set(data, headerBytes);
  return bytes;
}

/** Finds the envelopes in chunks of bytes. */
export class EnvelopeReader {
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** The bytes of the envelope that begins here, once its header is known. */
  #wanted = headerBytes;

  /** Whether an envelope is incomplete. */
  get incomplete(): boolean {
    return this.#size > 0;
  }

  /** Takes a chunk, and returns the envelopes that it completes. */
  read(chunk: Uint8Array): Envelope[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#wanted) return [];
    const bytes = this.#joined();
    const view = new DataView(bytes.buffer);
    const envelopes: Envelope[] = [];
    let at = 0;
    this.#wanted = headerBytes;
    while (bytes.length - at >= headerBytes) {
      const end = at + headerBytes + view.getUint32(at + 1);
      if (end > bytes.length) {
        this.#wanted = end - at;
        break;
      }
      envelopes.push({ flags: view.getUint8(at), data: bytes.subarray(at + headerBytes, end) });
      at = end;
    }
    const rest = bytes.slice(at);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return envelopes;
  }

  #joined(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}
