// Records the callbacks of one stream.
import { createHash } from "node:crypto";
import type { HeaderList, Stream, StreamHandler, StreamReset } from "../src/index.ts";

/** How a stream ended: complete or reset. */
export interface Outcome {
  readonly status: number | undefined;
  readonly headers: HeaderList | undefined;
  readonly trailers: HeaderList | undefined;
  readonly bytes: number;
  /** The SHA-256 of the body in hexadecimal. */
  readonly hash: string;
  /** `undefined` if the peer's half is complete. */
  readonly reset: StreamReset | undefined;
}

export class Recorder implements StreamHandler {
  /** Resolves when the peer's half is complete, or with the reset. */
  readonly outcome: Promise<Outcome>;
  /** The callbacks, in order. */
  readonly calls: string[] = [];
  headers: HeaderList | undefined;
  trailers: HeaderList | undefined;
  bytes = 0;
  readonly #hash = createHash("sha256");
  readonly #credit: boolean;
  #settle: (reset?: StreamReset) => void = () => {};
  #drained: (() => void) | undefined;

  /** @param credit credits received bytes immediately. Default: `true`. */
  constructor(credit = true) {
    this.#credit = credit;
    this.outcome = new Promise((resolve) => {
      this.#settle = (reset) => {
        const { headers, trailers, bytes } = this;
        resolve({ status: headers?.status, headers, trailers, bytes, hash: this.#hash.copy().digest("hex"), reset });
      };
    });
  }

  onHeaders(headers: HeaderList, endStream: boolean): void {
    this.calls.push("headers");
    this.headers = headers;
    if (endStream) this.#settle();
  }

  onData(data: Buffer, endStream: boolean, stream: Stream): void {
    this.calls.push("data");
    this.bytes += data.length;
    this.#hash.update(data);
    if (this.#credit) stream.credit(data.length);
    if (endStream) this.#settle();
  }

  onTrailers(trailers: HeaderList): void {
    this.calls.push("trailers");
    this.trailers = trailers;
    this.#settle();
  }

  onReset(reset: StreamReset): void {
    this.calls.push("reset");
    this.#settle(reset);
    this.#drained?.();
  }

  onDrain(): void {
    this.#drained?.();
  }

  /** Resolves at the next `onDrain`, or when the stream is reset. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }
}

export const sha256 = (...parts: readonly Uint8Array[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
