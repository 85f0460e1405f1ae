// The flow control of Connect over a WebSocket. A browser reads a WebSocket as fast as it can, whether
// or not its page keeps up, so the page says how many messages it takes.
import type { WebSocket } from "ws";
import type { ControlFrames } from "../kinds/frames.ts";

/** The messages that the gateway may send. Without a window in the first frame, all. */
export class Credit implements ControlFrames {
  readonly #socket: WebSocket;
  #left: number;
  #waiter: (() => void) | undefined;

  constructor(socket: WebSocket, window: number) {
    this.#socket = socket;
    this.#left = window;
    socket.on("close", () => this.#wake());
  }

  /** Takes a frame such as `+100`, which is no JSON: 100 further messages. */
  take(frame: Buffer): boolean {
    if (frame[0] !== 0x2b || this.#left === Number.POSITIVE_INFINITY) return false;
    const text = frame.toString("latin1");
    if (!/^\+[1-9]\d{0,8}$/.test(text)) return false;
    this.#left = Math.min(this.#left + Number(text), Number.MAX_SAFE_INTEGER);
    this.#wake();
    return true;
  }

  paused(): void {
    this.#wake();
  }

  /**
   * Whether a message must wait. A paused socket delivers no credit, and the upstream may read no
   * requests before it can send responses, so none waits then.
   */
  get isSpent(): boolean {
    return this.#left === 0 && !this.#socket.isPaused && this.#socket.readyState === this.#socket.OPEN;
  }

  /** Counts a message that is sent. */
  spend(): void {
    if (this.#left > 0) this.#left--;
  }

  /** Resolves once a message need not wait. */
  async wait(): Promise<void> {
    while (this.isSpent) {
      await new Promise<void>((resolve) => {
        this.#waiter = resolve;
      });
    }
  }

  #wake(): void {
    this.#waiter?.();
    this.#waiter = undefined;
  }
}
