// Limits the time that a WebSocket message may take to arrive. `ws` reports only whole messages, so
// this module tracks the frames on the socket.
import type { Duplex } from "node:stream";

/**
 * Opcodes from 8 are control frames, which may occur between the fragments of a message (RFC 6455,
 * section 5.2).
 */
const firstControl = 8;

/** Tracks whether a message or frame is incomplete. */
export class FrameTracker {
  /** The received bytes of a frame header: 2, then up to 8 for the length and 4 for the mask. */
  readonly #header = Buffer.alloc(14);
  #headerBytes = 0;
  #payloadBytes = 0;
  #fragmented = false;

  get incomplete(): boolean {
    return this.#headerBytes > 0 || this.#payloadBytes > 0 || this.#fragmented;
  }

  /** Reads a chunk. Returns whether a message, or a control frame between messages, ended in it. */
  read(chunk: Buffer): boolean {
    let ended = false;
    for (let at = 0; at < chunk.length; ) {
      if (this.#payloadBytes > 0) {
        const count = Math.min(this.#payloadBytes, chunk.length - at);
        this.#payloadBytes -= count;
        at += count;
      } else {
        this.#header[this.#headerBytes++] = chunk[at++] ?? 0;
        if (this.#headerBytes < this.#headerLength) continue;
        this.#beginFrame();
      }
      if (!this.incomplete) ended = true;
    }
    return ended;
  }

  get #headerLength(): number {
    if (this.#headerBytes < 2) return 2;
    const second = this.#header[1] ?? 0;
    const length = second & 0x7f;
    return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0);
  }

  #beginFrame(): void {
    const [first = 0, second = 0] = this.#header;
    const length = second & 0x7f;
    this.#payloadBytes = length === 126 ? this.#header.readUInt16BE(2) : length === 127 ? Number(this.#header.readBigUInt64BE(2)) : length;
    this.#headerBytes = 0;
    if ((first & 0x0f) < firstControl) this.#fragmented = (first & 0x80) === 0;
  }
}

/**
 * Calls `late` once if a message stays incomplete for too long. The clock stops while the socket is
 * paused.
 */
export class MessageClock {
  readonly #tracker = new FrameTracker();
  readonly #timeoutMs: number;
  readonly #late: () => void;
  #timer: NodeJS.Timeout | undefined;
  #paused = false;

  constructor(socket: Duplex, timeoutMs: number, late: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#late = late;
    socket.on("data", (chunk: Buffer) => {
      if (this.#tracker.read(chunk)) this.#stop();
      this.#run();
    });
    socket.once("close", () => {
      this.pause();
    });
  }

  /** Stops the clock. Call it when the socket is paused. */
  pause(): void {
    this.#paused = true;
    this.#stop();
  }

  /** Restarts the clock. Call it when the socket is resumed. */
  resume(): void {
    this.#paused = false;
    this.#run();
  }

  #run(): void {
    if (this.#paused || !this.#tracker.incomplete) return;
    this.#timer ??= setTimeout(this.#late, this.#timeoutMs);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
