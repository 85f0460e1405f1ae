// The connections to one target, and the calls that wait for one. Channels of the same target and options share it.
import type { RpcError } from "../protocol/error.ts";
import type { Certificates } from "../security/certificates.ts";
import type { ClientStream, OutgoingCall } from "../transport/client.ts";
import type { Address, AttemptListener, ConnectStep, Dial } from "../transport/connection.ts";
import type { BackoffPolicy } from "./backoff.ts";
import type { Balancer, BalancerOwner } from "./balancer.ts";
import { connectTimeout } from "./connect-first.ts";
import { ConnectWaiters } from "./connect-waiters.ts";
import type { StateListener } from "./options.ts";
import { failedAttempt } from "./pending-attempt.ts";
import { PickFirst } from "./pick-first.ts";
import { type Lookup, Resolver, type ResolverOwner } from "./resolver.ts";
import type { AttemptSource } from "./retry/attempts.ts";
import { RoundRobin } from "./round-robin.ts";
import type { SubchannelState } from "./subchannel.ts";
import type { Target } from "./target.ts";
import { WaitingCalls, type WaitingCallsOwner } from "./waiting-calls.ts";

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

export class SharedChannel implements AttemptSource, BalancerOwner, ResolverOwner, WaitingCallsOwner {
  readonly #settings: SharedSettings;
  readonly #balancer: Balancer;
  /** Undefined where the target lists its addresses. */
  readonly #resolver: Resolver | undefined;
  readonly #calls: WaitingCalls;
  readonly #waiters = new ConnectWaiters();
  readonly #pick = () => this.#balancer.pick();
  readonly #stateListeners = new Set<StateListener>();
  /** Whether it connects, or is connected. */
  #active = false;
  #closing = false;
  /** Whether the balancer has addresses; if not, and it is known why: why. */
  #resolved: boolean;
  #resolveFailure: RpcError | undefined;
  #state: SubchannelState = "idle";
  #idleTimer: NodeJS.Timeout | undefined;
  /** Attempts so far, and at the last look. */
  #attempts = 0;
  #attemptsSeen = 0;
  #quietLooks = 0;
  #stopWatching: (() => void) | undefined;
  /** The step that was begun last, of whichever attempt to connect. */
  #step: ConnectStep | undefined;

  constructor(settings: SharedSettings) {
    this.#settings = settings;
    const { target, dial, lookup, backoff, connectTimeoutMs, dnsRefreshMs } = settings;
    const attemptTimeoutMs = Number.isFinite(connectTimeoutMs) ? Math.min(connectTimeoutMs, longestMs) : defaultAttemptMs;
    const stepping: Dial = (address, signal, onStep) =>
      dial(address, signal, (step) => {
        this.#step = step;
        onStep?.(step);
      });
    const connect = { target: target.name, dial: stepping, backoff, attemptTimeoutMs };
    this.#balancer = settings.balancing === "round_robin" ? new RoundRobin(connect, this) : new PickFirst(connect, this);
    this.#calls = new WaitingCalls(connectTimeoutMs, this);
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
    if (this.#calls.isEmpty) {
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
    const connected = this.#waiters.add(owner, this.#settings.connectTimeoutMs, () => this.waitFailure);
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
    this.#calls.open(this.#pick);
  }

  onChange(): void {
    const before = this.#state;
    this.#look();
    if (this.#state === "ready") {
      this.#calls.open(this.#pick);
      this.#waiters.resolve();
    } else {
      if (before === "ready") this.#calls.disconnected();
      if (this.#state === "failed") this.#calls.fail();
      else if (this.#state === "idle" && this.#active && this.#isNeeded) this.#balancer.connect();
    }
    this.#rest();
  }

  get isConnected(): boolean {
    return this.#state === "ready";
  }

  get waitFailure(): RpcError {
    return this.#failure ?? connectTimeout(this.#settings.target.name, this.#settings.connectTimeoutMs, this.waitsFor);
  }

  get waitsFor(): string | undefined {
    if (!this.#resolved && this.#resolveFailure === undefined) return "name resolution";
    if (this.#state === "failed") return "the next attempt to connect";
    return this.#state === "connecting" ? this.#step : undefined;
  }

  onQuiet(): void {
    this.#rest();
  }

  get #failure(): RpcError | undefined {
    return this.#resolved ? this.#balancer.failure : this.#resolveFailure;
  }

  get #isNeeded(): boolean {
    return !this.#calls.isEmpty || !this.#waiters.isEmpty;
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
    const failure = this.#state === "failed" && call.waitForReady !== true ? this.#failure : undefined;
    if (failure !== undefined) return failedAttempt(failure, call, listener);
    const attempt = this.#calls.add(call, listener);
    this.#activate();
    return attempt;
  }

  /** Ends with the last call, if no channel uses it any more. */
  #rest(): void {
    if (this.#closing && !this.#isNeeded) this.#deactivate();
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
