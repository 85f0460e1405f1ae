// What ends a call from outside: its deadline, the caller's signal, and the call of a server in whose
// handler it is made.
import { LongTimer } from "../long-timer.ts";
import { inheritanceOf, withInherited } from "../propagation/inherit.ts";
import type { InnerCall, OuterCall } from "../propagation/outer-call.ts";
import { outerEnded } from "../propagation/reason.ts";
import type { RpcError } from "../protocol/error.ts";
import type { Metadata } from "../protocol/metadata.ts";
import { steadyNow } from "../steady-clock.ts";
import type { BoundMethod } from "./bound-method.ts";
import { deadlineExceeded, reasonOf, unsendable } from "./call-errors.ts";
import { type CallOptions, type CancelSignal, deadlineOf } from "./options.ts";

/** What the cutoff needs from the call. */
export interface Endable {
  readonly method: BoundMethod;
  /** By `steadyNow()`, or Infinity. */
  deadline: number;
  /** Sends this metadata instead of that of the options. */
  inherit(metadata: Metadata): void;
  /** How the call missed its deadline, for the error message: `did not end within 60 ms`. */
  describeTimeout(within: string): string;
  cutOff(reason: RpcError): void;
}

/**
 * Sets the deadline of a call, and watches what may end it. Returns `undefined` if nothing may.
 *
 * @param outer the call in whose handler the call is made.
 * @throws what keeps the call from beginning: an error for an invalid option, or an RpcError.
 */
export function watch(call: Endable, options: CallOptions, outer: OuterCall | undefined): Cutoff | undefined {
  const { timeoutMs, deadline, signal } = options;
  let nowMs = 0;
  if (timeoutMs !== undefined || deadline !== undefined || outer !== undefined) {
    nowMs = steadyNow();
    call.deadline = deadlineOf(options, nowMs);
  }
  if (signal?.aborted) throw reasonOf(signal, call.method);
  const inherited = outer === undefined ? undefined : inherit(call, options, outer);
  if (call.deadline === Number.POSITIVE_INFINITY && signal === undefined && inherited?.ends !== true) return undefined;
  const waitMs = call.deadline - nowMs;
  if (waitMs <= 0) throw deadlineExceeded(call.method, `had no time left when it began${whose(inherited)}`);
  return new Cutoff(call, waitMs, signal, inherited);
}

/** What a call has inherited. */
class Inherited {
  readonly outer: OuterCall;
  /** Whether the outer call ends the call. */
  readonly ends: boolean;
  /** Whether the deadline is that of the outer call. */
  readonly deadline: boolean;

  constructor(outer: OuterCall, ends: boolean, deadline: boolean) {
    this.outer = outer;
    this.ends = ends;
    this.deadline = deadline;
  }
}

/** @throws RpcError if the outer call has ended, or if the metadata cannot be sent. */
function inherit(call: Endable, options: CallOptions, outer: OuterCall): Inherited {
  const { deadline, cancellation, metadata } = inheritanceOf(options.inherit, call.method.inheritance);
  if (cancellation && outer.stop !== undefined) throw outerEnded(call.method.path, outer, false);
  try {
    const all = withInherited(options.metadata, outer, metadata);
    if (all !== undefined) call.inherit(all);
  } catch (fault) {
    throw unsendable(call.method, fault);
  }
  const earlier = deadline && outer.deadlineMs < call.deadline;
  if (earlier) call.deadline = outer.deadlineMs;
  return new Inherited(outer, cancellation, earlier);
}

/** Names the outer call whose deadline it is. */
function whose(inherited: Inherited | undefined): string {
  return inherited?.deadline ? `, the deadline of ${inherited.outer.path}, which made the call` : "";
}

export class Cutoff implements InnerCall {
  #call: Endable;
  readonly #signal: CancelSignal | undefined;
  readonly #inherited: Inherited | undefined;
  #onAbort: (() => void) | undefined = undefined;
  #timer: LongTimer | undefined = undefined;
  previous: InnerCall | undefined = undefined;
  next: InnerCall | undefined = undefined;

  /** @param waitMs milliseconds until the deadline, or Infinity. */
  constructor(call: Endable, waitMs: number, signal: CancelSignal | undefined, inherited: Inherited | undefined) {
    this.#call = call;
    this.#signal = signal;
    this.#inherited = inherited;
    if (waitMs !== Number.POSITIVE_INFINITY) this.#timer = new LongTimer(() => this.#timeUp(waitMs), waitMs);
    if (signal !== undefined) {
      this.#onAbort = () => this.#call.cutOff(reasonOf(signal, call.method));
      signal.addEventListener("abort", this.#onAbort);
    }
    if (inherited?.ends) inherited.outer.inner.add(this);
  }

  /** Ends another call instead. */
  moveTo(call: Endable): void {
    this.#call = call;
  }

  #timeUp(waitMs: number): void {
    const within = `within ${waitMs.toLocaleString("en")} ms`;
    const what = `${this.#call.describeTimeout(within)}${whose(this.#inherited)}`;
    this.#call.cutOff(deadlineExceeded(this.#call.method, what));
  }

  outerEnded(): void {
    if (this.#inherited !== undefined) this.#call.cutOff(outerEnded(this.#call.method.path, this.#inherited.outer, true));
  }

  /** The error for an aborted signal, or for an outer call that has ended. Also available after `stop`. */
  get aborted(): RpcError | undefined {
    if (this.#signal?.aborted) return reasonOf(this.#signal, this.#call.method);
    if (this.#inherited?.ends !== true || this.#inherited.outer.stop === undefined) return undefined;
    return outerEnded(this.#call.method.path, this.#inherited.outer, true);
  }

  /** Clears the timer, and stops listening to the signal and to the outer call. */
  stop(): void {
    this.#timer?.clear();
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#onAbort = undefined;
    if (this.#inherited?.ends) this.#inherited.outer.inner.delete(this);
  }
}
