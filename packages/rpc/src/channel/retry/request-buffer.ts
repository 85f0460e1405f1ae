// The requests that are kept, so that they can be sent again (gRFC A6, memory management).
import type { ClientStream } from "../../transport/client.ts";

/** What a message costs beside its bytes: empty ones cost memory, too. */
const overhead = 64;

/** How many bytes of requests a channel keeps. */
export class RetryBudget {
  readonly perCall: number;
  readonly perChannel: number;
  #held = 0;

  constructor(perCall: number, perChannel: number) {
    this.perCall = perCall;
    this.perChannel = perChannel;
  }

  /** What all calls hold now. */
  get held(): number {
    return this.#held;
  }

  /** @param held what the call holds with them. Returns whether that is within the limits. The bytes count in any case. */
  take(bytes: number, held: number): boolean {
    this.#held += bytes;
    return held <= this.perCall && this.#held <= this.perChannel;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** The requests of one call. */
export class RequestBuffer {
  readonly #budget: RetryBudget;
  readonly #messages: Buffer[] = [];
  readonly #compress: boolean[] = [];
  #bytes = 0;
  #halfClosed = false;

  constructor(budget: RetryBudget) {
    this.#budget = budget;
  }

  /** Keeps a message. Returns whether all that is kept is within the limits. */
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

  /** Sends all of it. Returns whether there is room for more. */
  replay(attempt: ClientStream): boolean {
    let room = true;
    for (const [index, message] of this.#messages.entries()) room = attempt.send(message, this.#compress[index] === true);
    if (this.#halfClosed) attempt.halfClose();
    return room;
  }

  /** Gives the bytes back. The buffer is not used any more. */
  free(): void {
    this.#budget.release(this.#bytes);
    this.#bytes = 0;
  }
}
