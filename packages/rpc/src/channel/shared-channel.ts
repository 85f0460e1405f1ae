// The connections to one target, and the calls that wait for them. Channels with equal targets and
// options share it.
import type { SubchannelEntity } from "../channelz/entities.ts";
import { Trace } from "../channelz/trace.ts";
import type { RpcError } from "../protocol/error.ts";
import type { Certificates } from "../security/certificates.ts";
import { addressText } from "../transport/address-text.ts";
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
  /** The TLS certificates. Their files are watched while the channel is not idle. */
  readonly certificates: Certificates | undefined;
  readonly balancing: "pick_first" | "round_robin";
  /**
   * The service that must be SERVING at an address of `round_robin`. `""` stands for the server as a
   * whole, and undefined disables the check.
   */
  readonly healthService: string | undefined;
  readonly backoff: BackoffPolicy;
  /** All times are in milliseconds. */
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly dnsRefreshMs: number;
}

/**
 * The time limit for an attempt to connect if calls wait without limit, in milliseconds
 * (connection-backoff.md, MIN_CONNECT_TIMEOUT).
 */
const defaultAttemptMs = 20_000;

/** The longest delay of a timer, in milliseconds. */
const longestMs = 2 ** 30;

/** How many times the channel checks for calls within the idle timeout. */
const idleChecks = 4;

export class SharedChannel implements AttemptSource, BalancerOwner, ResolverOwner, WaitingCallsOwner {
  readonly trace = new Trace();
  readonly #settings: SharedSettings;
  readonly #balancer: Balancer;
  /** Undefined if the target lists its addresses. */
  readonly #resolver: Resolver | undefined;
  readonly #calls: WaitingCalls;
  readonly #waiters = new ConnectWaiters();
  readonly #pick = () => this.#balancer.pick();
  readonly #stateListeners = new Set<StateListener>();
  /** True while the channel keeps connections or connects. */
  #active = false;
  #closing = false;
  /** True if the balancer has addresses. Otherwise `#resolveFailure` may give the reason. */
  #resolved: boolean;
  #resolveFailure: RpcError | undefined;
  #state: SubchannelState = "idle";
  #idleTimer: NodeJS.Timeout | undefined;
  /** The addresses, as the trace names them. */
  #addresses = "";
  /** The number of attempts so far, and at the last idle check. */
  #attempts = 0;
  #attemptsAtCheck = 0;
  #quietChecks = 0;
  #stopWatching: (() => void) | undefined;
  /** The step that an attempt to connect began last. */
  #step: ConnectStep | undefined;

  constructor(settings: SharedSettings) {
    this.#settings = settings;
    const { target, dial, lookup, backoff, connectTimeoutMs, dnsRefreshMs } = settings;
    const attemptTimeoutMs = Number.isFinite(connectTimeoutMs) ? Math.min(connectTimeoutMs, longestMs) : defaultAttemptMs;
    const onStep = (step: ConnectStep) => {
      this.#step = step;
    };
    const connect = { target: target.name, dial, backoff, attemptTimeoutMs, onStep };
    this.#balancer =
      settings.balancing === "round_robin" ? new RoundRobin(connect, settings.healthService, this) : new PickFirst(connect, this);
    this.#calls = new WaitingCalls(connectTimeoutMs, this);
    this.#resolved = target.host === undefined;
    if (target.host === undefined) this.#balancer.update(target.addresses);
    else this.#resolver = new Resolver(target.host, { target: target.name, lookup, backoff, refreshMs: dnsRefreshMs }, this);
  }

  get state(): SubchannelState {
    return this.#state;
  }

  get subchannels(): readonly SubchannelEntity[] {
    return this.#balancer.subchannels;
  }

  openAttempt(call: OutgoingCall, listener: AttemptListener): ClientStream {
    this.#attempts++;
    // A waiting call takes precedence.
    if (this.#calls.isEmpty) {
      const connection = this.#balancer.pick();
      if (connection !== undefined) return connection.open(call, listener);
    }
    return this.#wait(call, listener);
  }

  /**
   * Resolves once a connection is ready. After `connectTimeoutMs`, rejects with UNAVAILABLE and the
   * last failure.
   * @param owner identifies the wait for `rejectWaits`.
   */
  connect(owner: object): Promise<void> {
    const connected = this.#waiters.add(owner, this.#settings.connectTimeoutMs, () => this.waitFailure);
    this.#activate();
    if (this.#state === "ready") this.#waiters.resolve();
    return connected;
  }

  /** Rejects an owner's pending `connect` promises. */
  rejectWaits(owner: object, error: RpcError): void {
    this.#waiters.reject(owner, error);
    this.#closeIfUnused();
  }

  addStateListener(listener: StateListener): void {
    this.#stateListeners.add(listener);
  }

  removeStateListener(listener: StateListener): void {
    this.#stateListeners.delete(listener);
  }

  /** Closes the connections once the running and waiting calls have ended. */
  close(): void {
    this.#closing = true;
    this.#closeIfUnused();
  }

  onAddresses(addresses: readonly Address[]): void {
    const first = !this.#resolved;
    this.#resolved = true;
    this.#resolveFailure = undefined;
    this.#traceAddresses(addresses);
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
    this.#updateState();
    if (this.#state === "ready") {
      this.#calls.open(this.#pick);
      this.#waiters.resolve();
    } else {
      if (before === "ready") this.#calls.disconnected();
      if (this.#state === "failed") this.#calls.fail();
      else if (this.#state === "idle" && this.#active && this.#isNeeded) this.#balancer.connect();
    }
    this.#closeIfUnused();
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

  onEmpty(): void {
    this.#closeIfUnused();
  }

  get #failure(): RpcError | undefined {
    return this.#resolved ? this.#balancer.failure : this.#resolveFailure;
  }

  get #isNeeded(): boolean {
    return !this.#calls.isEmpty || !this.#waiters.isEmpty;
  }

  #updateState(): void {
    const state = this.#stateNow;
    if (state === this.#state) return;
    this.#state = state;
    const failure = state === "failed" ? this.#failure : undefined;
    this.trace.add(failure === undefined ? state : `${state}: ${failure.message}`, failure === undefined ? "info" : "warning");
    // In a microtask: an exception in a listener must not affect the channel.
    for (const listener of this.#stateListeners) queueMicrotask(() => listener(state, failure));
  }

  #traceAddresses(addresses: readonly Address[]): void {
    // Name servers rotate their answers.
    const text = addresses.map(addressText).sort().join(", ");
    if (text !== this.#addresses) this.trace.add(`resolved to ${text}`);
    this.#addresses = text;
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
    this.#updateState();
  }

  /**
   * Drains the connections: each closes once its calls have ended. The next call connects again.
   */
  #deactivate(): void {
    if (!this.#active) return;
    this.#active = false;
    clearInterval(this.#idleTimer);
    this.#stopWatching?.();
    this.#resolver?.stop();
    if (this.#resolver !== undefined) this.#resolved = false;
    this.#resolveFailure = undefined;
    this.#balancer.stop();
    this.#updateState();
  }

  #wait(call: OutgoingCall, listener: AttemptListener): ClientStream {
    const failure = this.#state === "failed" && call.waitForReady !== true ? this.#failure : undefined;
    if (failure !== undefined) return failedAttempt(failure, call, listener);
    const attempt = this.#calls.add(call, listener);
    this.#activate();
    return attempt;
  }

  /** Deactivates a closed channel once no call waits. */
  #closeIfUnused(): void {
    if (this.#closing && !this.#isNeeded) this.#deactivate();
  }

  #watchIdle(): void {
    const { idleTimeoutMs } = this.#settings;
    this.#quietChecks = 0;
    if (!Number.isFinite(idleTimeoutMs)) return;
    this.#idleTimer = setInterval(() => this.#checkIdle(), Math.min(idleTimeoutMs / idleChecks, longestMs)).unref();
  }

  #checkIdle(): void {
    const quiet = this.#attempts === this.#attemptsAtCheck && this.#balancer.calls === 0 && !this.#isNeeded;
    this.#attemptsAtCheck = this.#attempts;
    this.#quietChecks = quiet ? this.#quietChecks + 1 : 0;
    if (this.#quietChecks >= idleChecks) this.#deactivate();
  }
}
