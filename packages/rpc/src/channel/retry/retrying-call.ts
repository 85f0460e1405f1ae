// A call with sequential attempts: transparent retries and the retries of a policy (gRFC A6).
import { LongTimer } from "../../long-timer.ts";
import { Code } from "../../protocol/code.ts";
import type { Compression } from "../../protocol/compression.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import type { Status } from "../../protocol/status.ts";
import { steadyNow } from "../../steady-clock.ts";
import type { ClientListener, ClientStream, OutgoingCall } from "../../transport/client.ts";
import type { AttemptListener, Progress } from "../../transport/connection.ts";
import { type AttemptSource, ChangedCall, type RetryState } from "./attempts.ts";
import { backoffMs, hasCode, parsePushback, type RetryPolicy } from "./policy.ts";
import { RequestBuffer } from "./request-buffer.ts";

/**
 * The wait before the next attempt, in milliseconds, once two attempts were not sent. It prevents a
 * busy loop with a connection that accepts calls and loses them.
 */
const unsentDelayMs = 10;

export class RetryingCall implements ClientStream, AttemptListener {
  /** Undefined once the call has committed, to release its request. */
  #call: OutgoingCall | undefined;
  readonly #listener: ClientListener;
  readonly #source: AttemptSource;
  readonly #state: RetryState;
  readonly #policy: RetryPolicy | undefined;
  /** The attempt opened last. */
  #attempt: ClientStream;
  /** True between the end of an attempt and the start of the next one. */
  #waiting = false;
  #timer: LongTimer | undefined;
  /** The number of failed attempts of the policy, without transparent retries. */
  #failed = 0;
  /** The number of retries since the last pushback. */
  #backoffs = 0;
  #unsent = 0;
  #refused = false;
  /** The requests of a stream, until the call commits. */
  #requests: RequestBuffer | undefined;
  /** True once no further attempt may follow. */
  #committed = false;
  /** True if the requests outgrew the buffer between two attempts. The next attempt is the last. */
  #overflowed = false;
  #ended = false;
  /** The number of pulls before the call committed. */
  #pulls = 0;
  /** True after `send` has returned false. */
  #blocked = false;

  constructor(call: OutgoingCall, listener: ClientListener, source: AttemptSource, state: RetryState, policy: RetryPolicy | undefined) {
    this.#call = call;
    this.#listener = listener;
    this.#source = source;
    this.#state = state;
    this.#policy = policy;
    state.counts.begin();
    this.#requests = undefined;
    if (call.request === undefined) this.#requests = new RequestBuffer(state.budget);
    else if (!state.budget.take(call.request.length, call.request.length)) this.#commit();
    this.#attempt = source.openAttempt(call, this);
  }

  get peer(): string | undefined {
    return this.#attempt.peer;
  }

  get waitsFor(): string | undefined {
    return this.#attempt.waitsFor;
  }

  send(message: Buffer, compress: boolean): boolean {
    if (this.#ended) return false;
    const fits = this.#requests === undefined || this.#requests.add(message, compress);
    if (this.#waiting) {
      this.#blocked = !fits;
      this.#overflowed ||= !fits;
      return fits;
    }
    if (!fits) this.#commit();
    const room = this.#attempt.send(message, compress);
    this.#blocked = !room;
    return room;
  }

  halfClose(): void {
    if (this.#ended) return;
    this.#requests?.halfClose();
    if (!this.#waiting) this.#attempt.halfClose();
  }

  pull(): void {
    if (this.#ended) return;
    if (!this.#committed) this.#pulls++;
    if (!this.#waiting) this.#attempt.pull();
  }

  cancel(code: Code, message: string): void {
    if (this.#ended) return;
    this.#end(false);
    if (!this.#waiting) this.#attempt.cancel(code, message);
  }

  onHeader(header: Metadata | undefined, compression: Compression): void {
    this.#commit();
    this.#listener.onHeader(header, compression);
  }

  onMessage(message: Buffer, compressed: boolean): void {
    this.#listener.onMessage(message, compressed);
  }

  onDrain(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#listener.onDrain();
  }

  onEnd(status: Status, progress: Progress, pushback: string | undefined): void {
    this.#waiting = true;
    if (status.code === Code.OK) {
      this.#state.throttle?.succeeded();
      this.#finish(status);
      return;
    }
    if (!this.#committed && this.#isTransparent(progress)) {
      if (progress === "unsent" && ++this.#unsent > 1) this.#wait(unsentDelayMs);
      else this.#open();
      return;
    }
    const delayMs = this.#retryDelay(status.code, parsePushback(pushback));
    if (delayMs === undefined) {
      this.#finish(status);
      return;
    }
    this.#failed++;
    this.#wait(delayMs);
  }

  /** Whether to retry transparently: always if nothing was sent, once if the server refused it. */
  #isTransparent(progress: Progress): boolean {
    if (progress === "processed" || (progress === "refused" && this.#refused)) return false;
    this.#refused ||= progress === "refused";
    return true;
  }

  /**
   * The wait before the next attempt, or undefined for no retry. Counts the failure for throttling.
   */
  #retryDelay(code: Code, pushback: number | undefined): number | undefined {
    const policy = this.#policy;
    const { throttle } = this.#state;
    const retryable = policy !== undefined && hasCode(policy.codes, code);
    // Throttling counts the failure, even if another rule prevents the retry.
    if (retryable || pushback === -1) throttle?.failed();
    if (!retryable || pushback === -1 || this.#committed || this.#failed + 1 >= policy.maxAttempts) return undefined;
    if (throttle !== undefined && !throttle.open) return undefined;
    if (pushback === undefined) return backoffMs(policy, this.#backoffs++);
    this.#backoffs = 0;
    return pushback;
  }

  #wait(ms: number): void {
    this.#timer = new LongTimer(() => this.#open(), ms);
  }

  #open(): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#timer = undefined;
    if (call.deadline <= steadyNow()) {
      const message = `deadline exceeded: ${call.method.path} had no time left for another attempt`;
      this.#finish({ code: Code.DEADLINE_EXCEEDED, message, metadata: undefined, cause: new Error("deadline exceeded") });
      return;
    }
    this.#waiting = false;
    this.#attempt = this.#source.openAttempt(this.#failed === 0 ? call : new ChangedCall(call, { previousAttempts: this.#failed }), this);
    const room = this.#requests === undefined || this.#requests.replay(this.#attempt);
    for (let i = 0; i < this.#pulls; i++) this.#attempt.pull();
    if (this.#overflowed) this.#commit();
    if (room) this.onDrain();
  }

  #commit(): void {
    if (this.#committed) return;
    this.#committed = true;
    if (this.#requests === undefined) this.#state.budget.release(this.#call?.request?.length ?? 0);
    else this.#requests.free();
    this.#requests = undefined;
    this.#call = undefined;
  }

  /** @param ok whether the status is OK. */
  #end(ok: boolean): void {
    this.#ended = true;
    this.#state.counts.end(ok);
    this.#timer?.clear();
    this.#timer = undefined;
    this.#commit();
  }

  #finish(status: Status): void {
    this.#end(status.code === Code.OK);
    this.#listener.onStatus(status);
  }
}
