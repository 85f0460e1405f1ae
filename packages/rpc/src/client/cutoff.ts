// What ends a call from outside: its deadline, and the caller's signal.
import { LongTimer } from "../long-timer.ts";
import type { RpcError } from "../protocol/error.ts";
import type { BoundMethod } from "./bound-method.ts";
import { deadlineExceeded, reasonOf } from "./call-errors.ts";
import type { CancelSignal } from "./options.ts";

/** A call. */
export interface Endable {
  readonly method: BoundMethod;
  /** What the call did not do in time, for the message of its deadline: `did not end within 60 ms`. */
  unmet(within: string): string;
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
    this.#call.cutOff(deadlineExceeded(this.#call.method, this.#call.unmet(within)));
  }

  /** Why the signal aborted, if it has. It also answers after `stop`. */
  get aborted(): RpcError | undefined {
    return this.#signal?.aborted ? reasonOf(this.#signal, this.#call.method) : undefined;
  }

  /** Stops to watch. */
  stop(): void {
    this.#timer?.clear();
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#onAbort = undefined;
  }
}
