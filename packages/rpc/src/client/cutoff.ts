// Ends a call at its deadline, or when the caller's signal aborts.
import { LongTimer } from "../long-timer.ts";
import type { RpcError } from "../protocol/error.ts";
import type { BoundMethod } from "./bound-method.ts";
import { deadlineExceeded, reasonOf } from "./call-errors.ts";
import type { CancelSignal } from "./options.ts";

/** What the cutoff needs from the call. */
export interface Endable {
  readonly method: BoundMethod;
  /** How the call missed its deadline, for the error message: `did not end within 60 ms`. */
  describeTimeout(within: string): string;
  cutOff(reason: RpcError): void;
}

export class Cutoff {
  readonly #call: Endable;
  readonly #signal: CancelSignal | undefined;
  #onAbort: (() => void) | undefined = undefined;
  #timer: LongTimer | undefined = undefined;

  /** @param waitMs milliseconds until the deadline, or Infinity. */
  constructor(call: Endable, waitMs: number, signal: CancelSignal | undefined) {
    this.#call = call;
    this.#signal = signal;
    if (waitMs !== Number.POSITIVE_INFINITY) this.#timer = new LongTimer(() => this.#timeUp(waitMs), waitMs);
    if (signal !== undefined) {
      this.#onAbort = () => call.cutOff(reasonOf(signal, call.method));
      signal.addEventListener("abort", this.#onAbort);
    }
  }

  #timeUp(waitMs: number): void {
    const within = `within ${waitMs.toLocaleString("en")} ms`;
    this.#call.cutOff(deadlineExceeded(this.#call.method, this.#call.describeTimeout(within)));
  }

  /** The error for an aborted signal. Also available after `stop`. */
  get aborted(): RpcError | undefined {
    return this.#signal?.aborted ? reasonOf(this.#signal, this.#call.method) : undefined;
  }

  /** Clears the timer and stops listening to the signal. */
  stop(): void {
    this.#timer?.clear();
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#onAbort = undefined;
  }
}
