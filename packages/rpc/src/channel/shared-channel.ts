// The connections to one target, and the calls that wait for one. Channels of the same target and options share it.
import type { RpcError } from "../protocol/error.ts";
import type { Certificates } from "../security/certificates.ts";
import type { ClientStream, OutgoingCall } from "../transport/client.ts";
import type { Address, AttemptListener, Dial } from "../transport/connection.ts";
import type { BackoffPolicy } from "./backoff.ts";
import type { Balancer, BalancerOwner } from "./balancer.ts";
import { CallQueue } from "./call-queue.ts";
import { connectTimeout } from "./connect-first.ts";
import { ConnectWaiters } from "./connect-waiters.ts";
import type { StateListener } from "./options.ts";
import { PendingAttempt, type WaitingRoom } from "./pending-attempt.ts";
import { PickFirst } from "./pick-first.ts";
import { type Lookup, Resolver, type ResolverOwner } from "./resolver.ts";
import type { AttemptSource } from "./retry/attempts.ts";
import { RoundRobin } from "./round-robin.ts";
import type { SubchannelState } from "./subchannel.ts";
import type { Target } from "./target.ts";

export interface SharedSettings {
  readonly target: Target;
  readonly dial: Dial;
  readonly lookup: Lookup;
  /** Those of TLS: files are looked at while the channel is not idle. */
  readonly certificates: Certificates | undefined;
  readonly balancing: "pick_first" | "round_robin";
  readonly backoff: BackoffPolicy;
  /** Milliseconds, as the other times. */
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly dnsRefreshMs: number;
}

/** How long an attempt may take where calls wait for ever, in milliseconds (connection-backoff.md, MIN_CONNECT_TIMEOUT). */
const defaultAttemptMs = 20_000;

/** The longest time of a timer, in milliseconds. */
const longestMs = 2 ** 30;

/** How often the channel looks for calls within the idle time. */
const idleLooks = 4;

export class SharedChannel implements AttemptSource, BalancerOwner, ResolverOwner, WaitingRoom {
  readonly #settings: SharedSettings;
  readonly #balancer: Balancer;
  /** Undefined where the target lists its addresses. */
  readonly #resolver: Resolver | undefined;
  readonly #queue = new CallQueue();
  readonly #waiters = new ConnectWaiters();
  readonly #stateListeners = new Set<StateListener>();
  /** Whether it connects, or is connected. */
  #active = false;
  #closing = false;
  /** Whether the balancer has addresses; if not, and it is known why: why. */
  #resolved: boolean;
  #resolveFailure: RpcError | undefined;
  #state: SubchannelState = "idle";
  /** `performance.now()` when the last connection was lost. */
  #downMs = Number.NEGATIVE_INFINITY;
  /** Ends waits, and keeps the process alive as long as there are any. */
  #waitTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  /** Attempts so far, and at the last look. */
  #attempts = 0;
  #attemptsSeen = 0;
  #quietLooks = 0;
  #stopWatching: (() => void) | undefined;

  constructor(settings: SharedSettings) {
    this.#settings = settings;
    const { target, dial, lookup, backoff, connectTimeoutMs, dnsRefreshMs } = settings;
    const attemptTimeoutMs = Number.isFinite(connectTimeoutMs) ? Math.min(connectTimeoutMs, longestMs) : defaultAttemptMs;
    const connect = { target: target.name, dial, backoff, attemptTimeoutMs };
    this.#balancer = settings.balancing === "round_robin" ? new RoundRobin(connect, this) : new PickFirst(connect, this);
    this.#resolved = target.host === undefined;
    if (target.host === undefined) this.#balancer.update(target.addresses);
    else this.#resolver = new Resolver(target.host, { target: target.name, lookup, backoff, refreshMs: dnsRefreshMs }, this);
  }

  get state(): SubchannelState {
    return this.#state;
  }

  openAttempt(call: OutgoingCall, listener: AttemptListener): ClientStream {
    this.#attempts++;
    // Calls that wait come first.
    if (this.#queue.first === undefined) {
      const connection = this.#balancer.pick();
      if (connection !== undefined) return connection.open(call, listener);
    }
    return this.#wait(call, listener);
  }

  /**
   * Resolves once there is a connection. Rejects with UNAVAILABLE and the last failure if that takes longer than `connectTimeoutMs`, and as `giveUp` says.
   * @param owner whose wait it is.
   */
  connect(owner: object): Promise<void> {
    const { connectTimeoutMs, target } = this.#settings;
    const connected = this.#waiters.add(owner, connectTimeoutMs, () => this.#failure ?? connectTimeout(target.name, connectTimeoutMs));
    this.#activate();
    if (this.#state === "ready") this.#waiters.resolve();
    return connected;
  }

  /** Ends an owner's waits by `connect`. */
  giveUp(owner: object, error: RpcError): void {
    this.#waiters.reject(owner, error);
    this.#rest();
  }

  addStateListener(listener: StateListener): void {
    this.#stateListeners.add(listener);
  }

  removeStateListener(listener: StateListener): void {
    this.#stateListeners.delete(listener);
  }

  /** No channel uses it any more. Calls that run or wait go on; then its connections end. */
  close(): void {
    this.#closing = true;
    this.#rest();
  }

  leave(attempt: PendingAttempt): void {
    this.#queue.delete(attempt);
    this.#rest();
  }

  onAddresses(addresses: readonly Address[]): void {
    const first = !this.#resolved;
    this.#resolved = true;
    this.#resolveFailure = undefined;
    this.#balancer.update(addresses);
    if (first) this.#balancer.connect();
  }

  onResolveFailure(error: RpcError): void {
    this.#resolveFailure = error;
    this.onChange();
  }

  onStale(): void {
    this.#resolver?.refresh();
  }

  onAvailable(): void {
    this.#flush();
    this.#rest();
  }

  onChange(): void {
    const before = this.#state;
    this.#look();
    if (this.#state === "ready") {
      this.#flush();
      this.#waiters.resolve();
    } else {
      if (before === "ready") this.#downMs = performance.now();
      if (this.#state === "failed") this.#failWaiting(({ call }) => call.waitForReady !== true);
      else if (this.#state === "idle" && this.#active && this.#isNeeded) this.#balancer.connect();
    }
    this.#rest();
  }

  get #failure(): RpcError | undefined {
    return this.#resolved ? this.#balancer.failure : this.#resolveFailure;
  }

  get #isNeeded(): boolean {
    return this.#queue.first !== undefined || !this.#waiters.isEmpty;
  }

  #look(): void {
    const state = this.#stateNow;
    if (state === this.#state) return;
    this.#state = state;
    const failure = state === "failed" ? this.#failure : undefined;
    // What one throws is an error of the process, and none of the channel.
    for (const listener of this.#stateListeners) queueMicrotask(() => listener(state, failure));
  }

  get #stateNow(): SubchannelState {
    if (!this.#active) return "idle";
    if (this.#resolved) return this.#balancer.state;
    return this.#resolveFailure === undefined ? "connecting" : "failed";
  }

  #activate(): void {
    if (!this.#active) {
      this.#active = true;
      this.#stopWatching = this.#settings.certificates?.onChange(() => {});
      this.#watchIdle();
      this.#resolver?.start();
    }
    if (this.#resolved && this.#balancer.state === "idle") this.#balancer.connect();
    this.#look();
  }

  /** Gives the connections up: each ends once its calls have. The next call connects again. */
  #deactivate(): void {
    if (!this.#active) return;
    this.#active = false;
    clearInterval(this.#idleTimer);
    this.#stopWatching?.();
    this.#resolver?.stop();
    if (this.#resolver !== undefined) this.#resolved = false;
    this.#resolveFailure = undefined;
    this.#balancer.stop();
    this.#look();
  }

  #wait(call: OutgoingCall, listener: AttemptListener): ClientStream {
    const attempt = new PendingAttempt(call, listener, this, performance.now());
    this.#activate();
    const failure = this.#state === "failed" && call.waitForReady !== true ? this.#failure : undefined;
    if (failure !== undefined) {
      attempt.failLater(failure);
      return attempt;
    }
    this.#queue.add(attempt);
    if (this.#waitTimer === undefined) this.#setWaitTimer(this.#settings.connectTimeoutMs);
    else this.#waitTimer.ref();
    return attempt;
  }

  #flush(): void {
    for (let first = this.#queue.first; first !== undefined; first = this.#queue.first) {
      const connection = this.#balancer.pick();
      if (connection === undefined) return;
      this.#queue.delete(first);
      first.start(connection);
    }
  }

  /** All wait equally long, so that one timer serves them. It is never later than the end of a wait, and is often earlier. */
  #setWaitTimer(ms: number): void {
    this.#waitTimer = setTimeout(() => this.#endWaits(), Math.min(ms, longestMs));
  }

  #endWaits(): void {
    this.#waitTimer = undefined;
    const { connectTimeoutMs } = this.#settings;
    let nextMs = connectTimeoutMs;
    // Where there is a connection, calls wait for room on it, and that takes as long as it takes.
    if (this.#state !== "ready") {
      const nowMs = performance.now();
      this.#failWaiting(({ call, sinceMs }) => {
        const leftMs = Math.max(sinceMs, this.#downMs) + connectTimeoutMs - nowMs;
        if (call.waitForReady === true) return false;
        if (leftMs >= 1) nextMs = Math.min(nextMs, leftMs);
        return leftMs < 1;
      });
    }
    if (this.#queue.first !== undefined && this.#waitTimer === undefined) this.#setWaitTimer(nextMs);
    this.#rest();
  }

  #failWaiting(matches: (attempt: PendingAttempt) => boolean): void {
    const failed: PendingAttempt[] = [];
    for (let each = this.#queue.first; each !== undefined; each = each.next) if (matches(each)) failed.push(each);
    if (failed.length === 0) return;
    const { target, connectTimeoutMs } = this.#settings;
    const failure = this.#failure ?? connectTimeout(target.name, connectTimeoutMs);
    for (const attempt of failed) {
      // A listener may have cancelled it.
      if (!attempt.queued) continue;
      this.#queue.delete(attempt);
      attempt.fail(failure);
    }
  }

  /** After calls have left the queue. */
  #rest(): void {
    if (this.#queue.first !== undefined) return;
    this.#waitTimer?.unref();
    if (this.#closing && this.#waiters.isEmpty) this.#deactivate();
  }

  #watchIdle(): void {
    const { idleTimeoutMs } = this.#settings;
    this.#quietLooks = 0;
    if (!Number.isFinite(idleTimeoutMs)) return;
    this.#idleTimer = setInterval(() => this.#lookForCalls(), Math.min(idleTimeoutMs / idleLooks, longestMs)).unref();
  }

  #lookForCalls(): void {
    const quiet = this.#attempts === this.#attemptsSeen && this.#balancer.calls === 0 && !this.#isNeeded;
    this.#attemptsSeen = this.#attempts;
    this.#quietLooks = quiet ? this.#quietLooks + 1 : 0;
    if (this.#quietLooks >= idleLooks) this.#deactivate();
  }
}
