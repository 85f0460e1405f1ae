// One direction of a call: messages that one end has sent, and the other has not taken.
import { MessageQueue, type QueuedMessage } from "../../protocol/message-queue.ts";

/** How many bytes may wait to be taken before the sender is asked to stop: the window of a stream in HTTP/2 (RFC 9113, section 6.9.2). */
const window = 65_535;

export class Direction {
  readonly #messages = new MessageQueue();
  #wanted = 0;
  #full = false;
  /** Whether no more messages follow those that wait. */
  ended = false;

  /** Returns whether there is room for more. */
  send(message: Buffer, compressed: boolean): boolean {
    this.#messages.push(message, compressed);
    this.#full = this.#messages.bytes >= window;
    return !this.#full;
  }

  /** Asks for one more message. */
  pull(): void {
    this.#wanted++;
  }

  /** The next message, if the other end has asked for one. */
  take(): QueuedMessage | undefined {
    if (this.#wanted === 0) return undefined;
    const message = this.#messages.shift();
    if (message !== undefined) this.#wanted--;
    return message;
  }

  /** Whether all messages have been taken. */
  get isEmpty(): boolean {
    return this.#messages.isEmpty;
  }

  /** Whether the sender, which was asked to stop, may go on. Says so once. */
  drained(): boolean {
    if (!this.#full || this.#messages.bytes >= window) return false;
    this.#full = false;
    return true;
  }

  /** Drops what waits. */
  clear(): void {
    this.#messages.clear();
    this.#full = false;
  }
}
