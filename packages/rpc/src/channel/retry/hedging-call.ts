// A call whose attempts run side by side (gRFC A6, hedging policy): the first one that is answered counts, the others are cancelled.
import { LongTimer } from "../../long-timer.ts";
import { Code } from "../../protocol/code.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import type { Status } from "../../protocol/status.ts";
import type { ClientListener, ClientStream, OutgoingCall } from "../../transport/client.ts";
import type { AttemptListener, Progress } from "../../transport/connection.ts";
import { type AttemptSource, ChangedCall, type RetryState } from "./attempts.ts";
import { type HedgingPolicy, hasCode, parsePushback } from "./policy.ts";
import { RequestBuffer } from "./request-buffer.ts";

/** How often one call is sent again at once since nothing was sent; then the policy decides. */
const mostUnsent = 16;

class HedgedAttempt implements AttemptListener {
  readonly call: HedgingCall;
  /** Attempts of the policy before this one. */
  readonly previous: number;
  readonly stream: ClientStream;
  /** Whether it has no room for requests. */
  blocked = false;

  constructor(call: HedgingCall, source: AttemptSource, outgoing: OutgoingCall, previous: number) {
    this.call = call;
    this.previous = previous;
    this.stream = source.openAttempt(previous === 0 ? outgoing : new ChangedCall(outgoing, { previousAttempts: previous }), this);
  }

  onHeader(header: Metadata | undefined): void {
    this.call.onHeader(this, header);
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
  /** Undefined once the call has committed: its request is not kept. */
  #call: OutgoingCall | undefined;
  /** The attempts that run. */
  #attempts: HedgedAttempt[] = [];
  /** The last one that was opened, or the one that counts. */
  #latest: HedgedAttempt | undefined;
  /** Attempts that the policy has made, and the most that it makes. */
  #made = 0;
  #most: number;
  #timer: LongTimer | undefined;
  #unsent = 0;
  #refused = false;
  /** The requests of a stream, until the call commits. */
  #requests: RequestBuffer | undefined;
  /** Only one attempt runs, and no other follows. */
  #committed = false;
  /** The requests outgrew the limits while no attempt ran: the next one is the last. */
  #overflown = false;
  #ended = false;
  /** Messages that were asked for before the call was committed. */
  #pulls = 0;
  /** Whether `send` has returned false. */
  #blocked = false;
  /** What the call ends with if no other attempt is answered. */
  #failure: Status | undefined;

  constructor(call: OutgoingCall, listener: ClientListener, source: AttemptSource, state: RetryState, policy: HedgingPolicy) {
    this.#call = call;
    this.#listener = listener;
    this.#source = source;
    this.#state = state;
    this.#policy = policy;
    this.#most = policy.maxAttempts;
    if (call.request === undefined) this.#requests = new RequestBuffer(state.budget);
    else if (!state.budget.take(call.request.length, call.request.length)) this.#overflown = true;
    this.#start(this.#made++);
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
    this.#end(code, message);
  }

  onHeader(attempt: HedgedAttempt, header: Metadata | undefined): void {
    this.#commit(attempt);
    this.#listener.onHeader(header);
  }

  onMessage(message: Buffer, compressed: boolean): void {
    this.#listener.onMessage(message, compressed);
  }

  /** An attempt has room: the bytes that a slower one waits with are within the limits of the buffer. */
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
    // A failure counts whatever else forbids another attempt.
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

  /** Often if nothing was sent, once if a server refused it. */
  #isTransparent(progress: Progress): boolean {
    if (progress === "processed") return false;
    if (progress === "unsent") return ++this.#unsent <= mostUnsent;
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
    if (this.#overflown) this.#commit(attempt);
    if (!attempt.blocked) this.onRoom();
  }

  /** Sends the next attempt, if there is one; with a delay of 0, all of them. */
  #next(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    const { throttle } = this.#state;
    while (this.#call !== undefined && this.#made < this.#most) {
      if (throttle?.open === false || this.#call.deadline <= Date.now()) this.#stop();
      else this.#start(this.#made++);
      if (this.#policy.delayMs > 0) break;
    }
    if (this.#policy.delayMs > 0) this.#schedule(this.#policy.delayMs);
  }

  /** Sends the next attempt after a time, if there is one, instead of when it was due. */
  #schedule(ms: number): void {
    this.#timer?.clear();
    this.#timer = undefined;
    if (this.#call === undefined || this.#made >= this.#most) return;
    this.#timer = new LongTimer(() => {
      this.#next();
      this.#settle();
    }, ms);
  }

  /** No further attempts. */
  #stop(): void {
    this.#most = this.#made;
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** The call ends with a failure once no attempt runs and none is due. */
  #settle(): void {
    if (this.#failure !== undefined && this.#attempts.length === 0 && this.#timer === undefined) this.#finish(this.#failure);
  }

  /** The requests outgrew the limits: one attempt goes on, with all of them. All have got the same ones, so it is one that has room. */
  #overflow(): void {
    const attempt = this.#attempts.find(({ blocked }) => !blocked) ?? this.#attempts[0];
    if (attempt === undefined) this.#overflown = true;
    else this.#commit(attempt);
  }

  #commit(attempt: HedgedAttempt): void {
    if (this.#committed) return;
    this.#latest = attempt;
    this.#cancelAttempts(attempt, Code.CANCELLED, "another attempt was answered first");
    this.#attempts = [attempt];
    this.#release();
  }

  #cancelAttempts(except: HedgedAttempt | undefined, code: Code, message: string): void {
    const attempts = this.#attempts;
    this.#attempts = [];
    for (const attempt of attempts) if (attempt !== except) attempt.stream.cancel(code, message);
  }

  /** No other attempt follows: nothing is kept for one. */
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
    this.#end(Code.CANCELLED, "another attempt was answered first");
    this.#listener.onStatus(status);
  }
}
