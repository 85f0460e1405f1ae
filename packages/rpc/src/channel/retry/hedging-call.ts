// A call with parallel attempts (gRFC A6, hedging policy). The first attempt that receives a
// response wins, and the others are cancelled.
import { LongTimer } from "../../long-timer.ts";
import { Code } from "../../protocol/code.ts";
import type { Compression } from "../../protocol/compression.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import type { Status } from "../../protocol/status.ts";
import { steadyNow } from "../../steady-clock.ts";
import type { ClientListener, ClientStream, OutgoingCall } from "../../transport/client.ts";
import type { AttemptListener, Progress } from "../../transport/connection.ts";
import { type AttemptSource, ChangedCall, type RetryState } from "./attempts.ts";
import { type HedgingPolicy, hasCode, parsePushback } from "./policy.ts";
import { RequestBuffer } from "./request-buffer.ts";

/** The number of immediate retries of unsent attempts. After that, the policy applies. */
const maxUnsentAttempts = 16;

class HedgedAttempt implements AttemptListener {
  readonly call: HedgingCall;
  /** The number of earlier attempts of the policy. */
  readonly previous: number;
  readonly stream: ClientStream;
  /** True while the attempt has no room for requests. */
  blocked = false;

  constructor(call: HedgingCall, source: AttemptSource, outgoing: OutgoingCall, previous: number) {
    this.call = call;
    this.previous = previous;
    this.stream = source.openAttempt(previous === 0 ? outgoing : new ChangedCall(outgoing, { previousAttempts: previous }), this);
  }

  onHeader(header: Metadata | undefined, compression: Compression): void {
    this.call.onHeader(this, header, compression);
  }

  onMessage(message: Buffer, compressed: boolean): void {
    this.call.onMessage(message, compressed);
  }

  onDrain(): void {
    this.blocked = false;
    this.call.onRoom();
  }

  onEnd(status: Status, progress: Progress, pushback: string | undefined): void {
    this.call.onEnd(this, status, progress, pushback);
  }
}

export class HedgingCall implements ClientStream {
  readonly #listener: ClientListener;
  readonly #source: AttemptSource;
  readonly #state: RetryState;
  readonly #policy: HedgingPolicy;
  /** Undefined once the call has committed, to release its request. */
  #call: OutgoingCall | undefined;
  /** The running attempts. */
  #attempts: HedgedAttempt[] = [];
  /** The attempt opened last, or the committed one. */
  #latest: HedgedAttempt | undefined;
  /** The number of attempts of the policy so far, and its limit. */
  #attemptsMade = 0;
  #maxAttempts: number;
  #timer: LongTimer | undefined;
  #unsent = 0;
  #refused = false;
  /** The requests of a stream, until the call commits. */
  #requests: RequestBuffer | undefined;
  /** True once the call has settled on one attempt and starts no others. */
  #committed = false;
  /** True if the requests outgrew the buffer while no attempt ran. The next attempt is the last. */
  #overflowed = false;
  #ended = false;
  /** The number of pulls before the call committed. */
  #pulls = 0;
  /** True after `send` has returned false. */
  #blocked = false;
  /** The status of the call if all other attempts fail too. */
  #failure: Status | undefined;

  constructor(call: OutgoingCall, listener: ClientListener, source: AttemptSource, state: RetryState, policy: HedgingPolicy) {
    this.#call = call;
    this.#listener = listener;
    this.#source = source;
    this.#state = state;
    this.#policy = policy;
    this.#maxAttempts = policy.maxAttempts;
    state.counts.begin();
    if (call.request === undefined) this.#requests = new RequestBuffer(state.budget);
    else if (!state.budget.take(call.request.length, call.request.length)) this.#overflowed = true;
    this.#start(this.#attemptsMade++);
    if (policy.delayMs === 0) this.#next();
    else this.#schedule(policy.delayMs);
  }

  get peer(): string | undefined {
    return this.#latest?.stream.peer;
  }

  get waitsFor(): string | undefined {
    return this.#latest?.stream.waitsFor;
  }

  send(message: Buffer, compress: boolean): boolean {
    if (this.#ended) return false;
    const fits = this.#requests === undefined || this.#requests.add(message, compress);
    if (!fits) this.#overflow();
    let room = this.#attempts.length === 0 && fits;
    for (const attempt of this.#attempts) {
      attempt.blocked = !attempt.stream.send(message, compress);
      room ||= !attempt.blocked;
    }
    this.#blocked = !room;
    return room;
  }

  halfClose(): void {
    if (this.#ended) return;
    this.#requests?.halfClose();
    for (const attempt of this.#attempts) attempt.stream.halfClose();
  }

  pull(): void {
    if (this.#ended) return;
    if (!this.#committed) this.#pulls++;
    for (const attempt of this.#attempts) attempt.stream.pull();
  }

  cancel(code: Code, message: string): void {
    if (this.#ended) return;
    this.#state.counts.end(false);
    this.#end(code, message);
  }

  onHeader(attempt: HedgedAttempt, header: Metadata | undefined, compression: Compression): void {
    this.#commit(attempt);
    this.#listener.onHeader(header, compression);
  }

  onMessage(message: Buffer, compressed: boolean): void {
    this.#listener.onMessage(message, compressed);
  }

  /**
   * Resumes the sender: one attempt has room. The buffer's limits bound the backlog of slower ones.
   */
  onRoom(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#listener.onDrain();
  }

  onEnd(attempt: HedgedAttempt, status: Status, progress: Progress, pushback: string | undefined): void {
    this.#attempts = this.#attempts.filter((each) => each !== attempt);
    const { throttle } = this.#state;
    if (status.code === Code.OK) {
      throttle?.succeeded();
      this.#finish(status);
      return;
    }
    if (!this.#committed && this.#isTransparent(progress)) {
      this.#start(attempt.previous);
      return;
    }
    const wait = parsePushback(pushback);
    const nonFatal = hasCode(this.#policy.nonFatalCodes, status.code);
    // Throttling counts the failure, even if another rule prevents the next attempt.
    if (nonFatal || wait === -1) throttle?.failed();
    if (!nonFatal) {
      this.#finish(status);
      return;
    }
    this.#failure = status;
    if (wait === undefined) this.#next();
    else if (wait === -1) this.#stop();
    else this.#schedule(wait);
    this.#settle();
  }

  /**
   * Whether to retry transparently: up to 16 times if nothing was sent, once if the server refused
   * it.
   */
  #isTransparent(progress: Progress): boolean {
    if (progress === "processed") return false;
    if (progress === "unsent") return ++this.#unsent <= maxUnsentAttempts;
    if (this.#refused) return false;
    this.#refused = true;
    return true;
  }

  #start(previous: number): void {
    const call = this.#call;
    if (call === undefined) return;
    const attempt = new HedgedAttempt(this, this.#source, call, previous);
    this.#attempts.push(attempt);
    this.#latest = attempt;
    attempt.blocked = this.#requests !== undefined && !this.#requests.replay(attempt.stream);
    for (let i = 0; i < this.#pulls; i++) attempt.stream.pull();
    if (this.#overflowed) this.#commit(attempt);
    if (!attempt.blocked) this.onRoom();
  }

  /** Starts the next attempt, or all remaining ones if the delay is 0. */
  #next(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    const { throttle } = this.#state;
    while (this.#call !== undefined && this.#attemptsMade < this.#maxAttempts) {
      if (throttle?.open === false || this.#call.deadline <= steadyNow()) this.#stop();
      else this.#start(this.#attemptsMade++);
      if (this.#policy.delayMs > 0) break;
    }
    if (this.#policy.delayMs > 0) this.#schedule(this.#policy.delayMs);
  }

  /** Reschedules the next attempt. */
  #schedule(ms: number): void {
    this.#timer?.clear();
    this.#timer = undefined;
    if (this.#call === undefined || this.#attemptsMade >= this.#maxAttempts) return;
    this.#timer = new LongTimer(() => {
      this.#next();
      this.#settle();
    }, ms);
  }

  /** Prevents further attempts. */
  #stop(): void {
    this.#maxAttempts = this.#attemptsMade;
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** Ends the call with its last failure once no attempt is running or scheduled. */
  #settle(): void {
    if (this.#failure !== undefined && this.#attempts.length === 0 && this.#timer === undefined) this.#finish(this.#failure);
  }

  /**
   * The requests outgrew the buffer: commits to one attempt. Each running attempt has received all
   * requests, so one that has room is chosen.
   */
  #overflow(): void {
    const attempt = this.#attempts.find(({ blocked }) => !blocked) ?? this.#attempts[0];
    if (attempt === undefined) this.#overflowed = true;
    else this.#commit(attempt);
  }

  #commit(attempt: HedgedAttempt): void {
    if (this.#committed) return;
    this.#latest = attempt;
    this.#cancelAttempts(attempt, Code.CANCELLED, "another attempt received a response first");
    this.#attempts = [attempt];
    this.#release();
  }

  #cancelAttempts(except: HedgedAttempt | undefined, code: Code, message: string): void {
    const attempts = this.#attempts;
    this.#attempts = [];
    for (const attempt of attempts) if (attempt !== except) attempt.stream.cancel(code, message);
  }

  /** Releases what further attempts would need. */
  #release(): void {
    this.#stop();
    if (this.#committed) return;
    this.#committed = true;
    if (this.#requests === undefined) this.#state.budget.release(this.#call?.request?.length ?? 0);
    else this.#requests.free();
    this.#requests = undefined;
    this.#call = undefined;
  }

  #end(code: Code, message: string): void {
    this.#ended = true;
    this.#cancelAttempts(undefined, code, message);
    this.#release();
  }

  #finish(status: Status): void {
    if (this.#ended) return;
    this.#state.counts.end(status.code === Code.OK);
    this.#end(Code.CANCELLED, "another attempt received a response first");
    this.#listener.onStatus(status);
  }
}
