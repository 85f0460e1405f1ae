// Buffers requests so that they can be sent again (gRFC A6, memory management).
import type { ClientStream } from "../../transport/client.ts";

/** The memory that each message needs beyond its bytes, so that empty messages count too. */
const overhead = 64;

/** Limits the bytes of requests that a channel buffers. */
export class RetryBudget {
  readonly perCall: number;
  readonly perChannel: number;
  #held = 0;

  constructor(perCall: number, perChannel: number) {
    this.perCall = perCall;
    this.perChannel = perChannel;
  }

  /** The bytes that all calls of the channel hold. */
  get held(): number {
    return this.#held;
  }

  /**
   * Adds bytes, even beyond the limits. Returns whether the total is within the limits.
   * @param held the bytes that the call holds, including these.
   */
  take(bytes: number, held: number): boolean {
    this.#held += bytes;
    return held <= this.perCall && this.#held <= this.perChannel;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** The buffered requests of one call. */
export class RequestBuffer {
  readonly #budget: RetryBudget;
  readonly #messages: Buffer[] = [];
  readonly #compress: boolean[] = [];
  #bytes = 0;
  #halfClosed = false;

  constructor(budget: RetryBudget) {
    this.#budget = budget;
  }

  /** Adds a message. Returns whether the buffer is within the limits. */
  add(message: Buffer, compress: boolean): boolean {
    this.#messages.push(message);
    this.#compress.push(compress);
    const bytes = message.length + overhead;
    this.#bytes += bytes;
    return this.#budget.take(bytes, this.#bytes);
  }

  halfClose(): void {
    this.#halfClosed = true;
  }

  /** Sends all buffered requests on an attempt. Returns whether there is room for more. */
  replay(attempt: ClientStream): boolean {
    let room = true;
    for (const [index, message] of this.#messages.entries()) room = attempt.send(message, this.#compress[index] === true);
    if (this.#halfClosed) attempt.halfClose();
    return room;
  }

  /** Releases the bytes. The buffer must not be used afterwards. */
  free(): void {
    this.#budget.release(this.#bytes);
    this.#bytes = 0;
  }
}
