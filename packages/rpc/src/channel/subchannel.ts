// Keeps one connection to the first address of a list that accepts one, and reconnects with
// back-off.
import { CallCounts } from "../channelz/counts.ts";
import { nextId, type SocketEntity, type SubchannelEntity } from "../channelz/entities.ts";
import { Trace } from "../channelz/trace.ts";
import { RpcError } from "../protocol/error.ts";
import { addressText } from "../transport/address-text.ts";
import type { Address, Connection, ConnectStep, Dial } from "../transport/connection.ts";
import { addressKey } from "./address-list.ts";
import { Backoff, type BackoffPolicy } from "./backoff.ts";
import { type Connected, ConnectFirst } from "./connect-first.ts";

/** Settings that all subchannels of a channel share. */
export interface ConnectSettings {
  readonly target: string;
  readonly dial: Dial;
  readonly backoff: BackoffPolicy;
  /** The time limit for one attempt, in milliseconds. */
  readonly attemptTimeoutMs: number;
  /** Called when a step of connecting begins. */
  readonly onStep: (step: ConnectStep) => void;
}

/** Receives the events of a subchannel. */
export interface SubchannelOwner {
  /** The state has changed. */
  onChange(subchannel: BalancedSubchannel): void;
  /** The connection has room for calls again. */
  onAvailable(): void;
  /** The connection was lost or all addresses failed, so the addresses may be out of date. */
  onStale(): void;
}

/** `failed` lasts until a connection succeeds, even while an attempt is running (gRFC A62). */
export type SubchannelState = "idle" | "connecting" | "ready" | "failed";

/** What a balancer with several subchannels needs from each. */
export interface BalancedSubchannel extends SubchannelEntity {
  readonly state: SubchannelState;
  /** Set while the state is `ready`. */
  readonly connection: Connection | undefined;
  /** Set while the state is `failed`. */
  readonly failure: RpcError | undefined;
  /** The number of open calls on its connection. */
  readonly calls: number;
  connect(): void;
  stop(): void;
}

export class Subchannel implements BalancedSubchannel {
  readonly id = nextId();
  readonly counts = new CallCounts();
  readonly trace = new Trace();
  /** The open connections, including those that drain. */
  readonly #open = new Set<Connection>();
  readonly #settings: ConnectSettings;
  readonly #owner: SubchannelOwner;
  readonly #backoff: Backoff;
  #addresses: readonly Address[];
  #state: SubchannelState = "idle";
  #connection: Connection | undefined;
  #connectedTo: Address | undefined;
  #failure: RpcError | undefined;
  #pass: ConnectFirst | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** `performance.now()` when the last pass began, and when the connection was established. */
  #beganMs = 0;
  #readyMs = 0;
  /** The number of consecutive connections that were lost early and served no call. */
  #shortLived = 0;

  constructor(addresses: readonly Address[], settings: ConnectSettings, owner: SubchannelOwner) {
    this.#addresses = addresses;
    this.#settings = settings;
    this.#owner = owner;
    this.#backoff = new Backoff(settings.backoff);
  }

  get name(): string {
    return this.#addresses.map(addressText).join(", ");
  }

  get sockets(): readonly SocketEntity[] {
    return [...this.#open].map(({ socket }) => socket);
  }

  get state(): SubchannelState {
    return this.#state;
  }

  #become(state: SubchannelState): void {
    if (state !== this.#state) this.trace.add(state);
    this.#state = state;
  }

  /** Set while the state is `ready`. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  get calls(): number {
    return this.#connection?.calls ?? 0;
  }

  /** Why the last pass failed. Set while the state is `failed`. */
  get failure(): RpcError | undefined {
    return this.#failure;
  }

  /** Starts to connect if the state is `idle`. */
  connect(): void {
    if (this.#state !== "idle") return;
    this.#become("connecting");
    // Backs off from the second early loss on, to avoid a busy loop with a server that drops each
    // connection.
    if (this.#shortLived > 1) this.#wait();
    else this.#begin();
    this.#owner.onChange(this);
  }

  /** Replaces the addresses. Keeps a connection whose address is still listed. */
  update(addresses: readonly Address[]): void {
    const keys = addresses.map(addressKey);
    // Compares without order, since name servers rotate their answers.
    const same = keys.length === this.#addresses.length && this.#addresses.every((address) => keys.includes(addressKey(address)));
    this.#addresses = addresses;
    if (same || (this.#connectedTo !== undefined && keys.includes(addressKey(this.#connectedTo)))) return;
    if (this.#state === "idle") return;
    const failed = this.#state === "failed";
    this.#drop();
    this.#backoff.reset();
    // Stays `failed` until an attempt to one of the new addresses succeeds (gRFC A62).
    this.#become(failed ? "failed" : "connecting");
    this.#begin();
    this.#owner.onChange(this);
  }

  /** Stops connecting and drains the connection, which closes once its calls have ended. */
  stop(): void {
    this.#drop();
    this.#become("idle");
    this.#failure = undefined;
    this.#backoff.reset();
    this.#shortLived = 0;
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#pass?.cancel();
    this.#pass = undefined;
    const connection = this.#release();
    connection?.close();
  }

  /** Detaches and returns the connection. */
  #release(): Connection | undefined {
    const connection = this.#connection;
    if (connection === undefined) return undefined;
    connection.onAvailable = undefined;
    connection.onDown = undefined;
    this.#connection = undefined;
    this.#connectedTo = undefined;
    return connection;
  }

  #begin(): void {
    this.#beganMs = performance.now();
    const { dial, target, attemptTimeoutMs, onStep } = this.#settings;
    const pass = new ConnectFirst(this.#addresses, dial, target, attemptTimeoutMs, onStep);
    this.#pass = pass;
    pass.connected.then(
      (connected) => {
        if (this.#pass === pass) this.#connected(connected);
        else connected.connection.close();
      },
      (error: unknown) => {
        if (this.#pass === pass) this.#failed(RpcError.from(error));
      },
    );
  }

  #connected({ connection, address }: Connected): void {
    this.#pass = undefined;
    if (connection.draining) {
      this.#lost(connection, 0, 0);
      return;
    }
    this.#connection = connection;
    this.#connectedTo = address;
    this.#readyMs = performance.now();
    this.#failure = undefined;
    this.#become("ready");
    this.#open.add(connection);
    connection.counts = this.counts;
    connection.onClosed = () => this.#open.delete(connection);
    connection.onAvailable = () => this.#owner.onAvailable();
    connection.onDown = () => this.#down();
    this.#owner.onChange(this);
  }

  #failed(failure: RpcError): void {
    this.#pass = undefined;
    this.#failure = failure;
    this.#state = "failed";
    this.trace.add(`failed: ${failure.message}`, "warning");
    this.#wait();
    this.#owner.onStale();
    this.#owner.onChange(this);
  }

  /** Schedules the next pass. The back-off counts from the start of the last pass. */
  #wait(): void {
    const ms = this.#beganMs + this.#backoff.next() - performance.now();
    this.#timer = setTimeout(() => this.#begin(), Math.max(ms, 0)).unref();
  }

  #down(): void {
    const connection = this.#release();
    if (connection !== undefined) this.#lost(connection, performance.now() - this.#readyMs, connection.calls);
  }

  /** @param calls the calls that continue after GOAWAY. If there are any, reconnects at once. */
  #lost({ served }: Connection, livedMs: number, calls: number): void {
    if (!served && calls === 0 && livedMs < this.#settings.backoff.initialMs) this.#shortLived++;
    else {
      this.#shortLived = 0;
      this.#backoff.reset();
    }
    this.#become("idle");
    this.#owner.onStale();
    if (calls > 0) this.connect();
    else this.#owner.onChange(this);
  }
}
