// The time that a WebSocket message may take to come. `ws` tells of whole messages only, and so the frames are followed here.
import type { Socket } from "node:net";

/** RFC 6455, section 5.2: opcodes from 8 are control frames, which may stand between the fragments of a message. */
const firstControl = 8;

/** Whether a message, or a frame, has begun and not ended. */
export class FrameTracker {
  /** The bytes of a frame's header that have come: 2, then up to 8 of its length and 4 of its mask. */
  readonly #header = Buffer.alloc(14);
  #headerBytes = 0;
  #payloadBytes = 0;
  #fragmented = false;

  get incomplete(): boolean {
    return this.#headerBytes > 0 || this.#payloadBytes > 0 || this.#fragmented;
  }

  /** Takes what has come. Returns whether a message, or a control frame between messages, has ended with it or in it. */
  read(chunk: Buffer): boolean {
    let ended = false;
    for (let at = 0; at < chunk.length; ) {
      if (this.#payloadBytes > 0) {
        const taken = Math.min(this.#payloadBytes, chunk.length - at);
        this.#payloadBytes -= taken;
        at += taken;
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

/** Calls `late` once if a message that has begun does not end in time. The time does not run while the socket is not read. */
export class MessageClock {
  readonly #tracker = new FrameTracker();
  readonly #timeoutMs: number;
  readonly #late: () => void;
  #timer: NodeJS.Timeout | undefined;
  #held = false;

  constructor(socket: Socket, timeoutMs: number, late: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#late = late;
    socket.on("data", (chunk: Buffer) => {
      if (this.#tracker.read(chunk)) this.#stop();
      this.#run();
    });
    socket.once("close", () => {
      this.hold();
    });
  }

  /** The socket is not read: what is missing cannot come. */
  hold(): void {
    this.#held = true;
    this.#stop();
  }

  /** It is read again. */
  release(): void {
    this.#held = false;
    this.#run();
  }

  #run(): void {
    if (this.#held || !this.#tracker.incomplete) return;
    this.#timer ??= setTimeout(this.#late, this.#timeoutMs);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
