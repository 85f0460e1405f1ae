// One direction of a call: the messages that one end has sent and the other end has not pulled.
import { MessageQueue, type QueuedMessage } from "../../protocol/message-queue.ts";

/**
 * How many bytes may be queued before the sender has to stop: the initial window of an HTTP/2
 * stream (RFC 9113, section 6.9.2).
 */
const window = 65_535;

export class MessageDirection {
  readonly #messages = new MessageQueue();
  #wanted = 0;
  #full = false;
  /** Whether the sender has half-closed. */
  ended = false;

  /** Returns whether there is room for more. */
  send(message: Buffer, compressed: boolean): boolean {
    this.#messages.push(message, compressed);
    this.#full = this.#messages.bytes >= window;
    return !this.#full;
  }

  /** Requests one more message. */
  pull(): void {
    this.#wanted++;
  }

  /** Returns the next message, if one was pulled. */
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

  /** Returns whether the sender had stopped and may continue. Returns true once. */
  drained(): boolean {
    if (!this.#full || this.#messages.bytes >= window) return false;
    this.#full = false;
    return true;
  }

  /** Drops the queued messages. */
  clear(): void {
    this.#messages.clear();
    this.#full = false;
  }
}
