// One connection to the first of a list of addresses that answers: made, lost, and made again with back-off.
import { RpcError } from "../protocol/error.ts";
import type { Address, Connection, Dial } from "../transport/connection.ts";
import { addressKey } from "./address-list.ts";
import { Backoff, type BackoffPolicy } from "./backoff.ts";
import { type Connected, ConnectFirst } from "./connect-first.ts";

/** What all connections of a channel are made with. */
export interface ConnectSettings {
  readonly target: string;
  readonly dial: Dial;
  readonly backoff: BackoffPolicy;
  /** How long one attempt may take, in milliseconds. */
  readonly attemptTimeoutMs: number;
}

/** What a subchannel tells its balancer. */
export interface SubchannelOwner {
  /** `state` is another one. */
  onChange(subchannel: Subchannel): void;
  /** `connection` takes calls again. */
  onAvailable(): void;
  /** A connection was lost, or a pass over the addresses failed: the addresses may be out of date. */
  onStale(): void;
}

/** `failed` lasts until there is a connection, also while an attempt runs (gRFC A62). */
export type SubchannelState = "idle" | "connecting" | "ready" | "failed";

export class Subchannel {
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
  /** `performance.now()` when the last pass began, and when the connection was made. */
  #beganMs = 0;
  #readyMs = 0;
  /** Connections in a row that were lost as soon as they were made, and were of use to no call. */
  #shortLived = 0;

  constructor(addresses: readonly Address[], settings: ConnectSettings, owner: SubchannelOwner) {
    this.#addresses = addresses;
    this.#settings = settings;
    this.#owner = owner;
    this.#backoff = new Backoff(settings.backoff);
  }

  get state(): SubchannelState {
    return this.#state;
  }

  /** While `ready`. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** While `failed`: why the last pass did. */
  get failure(): RpcError | undefined {
    return this.#failure;
  }

  /** Begins to connect, if it is idle. */
  connect(): void {
    if (this.#state !== "idle") return;
    this.#state = "connecting";
    // A server that loses each connection as soon as it is there must not be asked in a loop: the first loss is free.
    if (this.#shortLived > 1) this.#wait();
    else this.#begin();
    this.#owner.onChange(this);
  }

  /** Leads to other addresses from now on. Keeps a connection to one that is still among them. */
  update(addresses: readonly Address[]): void {
    const keys = addresses.map(addressKey);
    // Name servers turn the order of their answers: that is no reason to begin anew.
    const same = keys.length === this.#addresses.length && this.#addresses.every((address) => keys.includes(addressKey(address)));
    this.#addresses = addresses;
    if (same || (this.#connectedTo !== undefined && keys.includes(addressKey(this.#connectedTo)))) return;
    if (this.#state === "idle") return;
    const failed = this.#state === "failed";
    this.#drop();
    this.#backoff.reset();
    // It failed at other addresses; calls hear of these as soon as they have been tried.
    this.#state = failed ? "failed" : "connecting";
    this.#begin();
    this.#owner.onChange(this);
  }

  /** Gives up what it has: its connection ends once its calls have. */
  stop(): void {
    this.#drop();
    this.#state = "idle";
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

  /** Forgets the connection, and returns it. */
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
    const { dial, target, attemptTimeoutMs } = this.#settings;
    const pass = new ConnectFirst(this.#addresses, dial, target, attemptTimeoutMs);
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
    this.#state = "ready";
    connection.onAvailable = () => this.#owner.onAvailable();
    connection.onDown = () => this.#down();
    this.#owner.onChange(this);
  }

  #failed(failure: RpcError): void {
    this.#pass = undefined;
    this.#failure = failure;
    this.#state = "failed";
    this.#wait();
    this.#owner.onStale();
    this.#owner.onChange(this);
  }

  /** The next pass begins a back-off after the last one has begun. */
  #wait(): void {
    const ms = this.#beganMs + this.#backoff.next() - performance.now();
    this.#timer = setTimeout(() => this.#begin(), Math.max(ms, 0)).unref();
  }

  #down(): void {
    const connection = this.#release();
    if (connection !== undefined) this.#lost(connection, performance.now() - this.#readyMs, connection.calls);
  }

  /** @param calls those that it goes on with, after GOAWAY: one that is in use is replaced at once. */
  #lost({ served }: Connection, livedMs: number, calls: number): void {
    if (!served && calls === 0 && livedMs < this.#settings.backoff.initialMs) this.#shortLived++;
    else {
      this.#shortLived = 0;
      this.#backoff.reset();
    }
    this.#state = "idle";
    this.#owner.onStale();
    if (calls > 0) this.connect();
    else this.#owner.onChange(this);
  }
}
