// round_robin: sends each call to the next address that has a connection. The states follow gRFC
// A42.
import type { SubchannelEntity } from "../channelz/entities.ts";
import type { RpcError } from "../protocol/error.ts";
import type { Address, Connection } from "../transport/connection.ts";
import { addressKey } from "./address-list.ts";
import type { Balancer, BalancerOwner } from "./balancer.ts";
import { CheckedSubchannel } from "./checked-subchannel.ts";
import { type BalancedSubchannel, type ConnectSettings, Subchannel, type SubchannelOwner, type SubchannelState } from "./subchannel.ts";

export class RoundRobin implements Balancer, SubchannelOwner {
  readonly #settings: ConnectSettings;
  readonly #healthService: string | undefined;
  readonly #owner: BalancerOwner;
  #subchannels: ReadonlyMap<string, BalancedSubchannel> = new Map();
  /** The subchannels whose connection takes calls. */
  #ready: readonly BalancedSubchannel[] = [];
  #next = 0;
  #state: SubchannelState = "idle";
  #failure: RpcError | undefined;

  /**
   * @param healthService the service that must be SERVING at an address. `""` stands for the server
   * as a whole, and undefined disables the check.
   */
  constructor(settings: ConnectSettings, healthService: string | undefined, owner: BalancerOwner) {
    this.#settings = settings;
    this.#healthService = healthService;
    this.#owner = owner;
  }

  get state(): SubchannelState {
    return this.#state;
  }

  get failure(): RpcError | undefined {
    return this.#failure;
  }

  get subchannels(): readonly SubchannelEntity[] {
    return [...this.#subchannels.values()];
  }

  get calls(): number {
    return [...this.#subchannels.values()].reduce((sum, { calls }) => sum + calls, 0);
  }

  pick(): Connection | undefined {
    const ready = this.#ready;
    for (let tries = ready.length; tries > 0; tries--) {
      if (this.#next >= ready.length) this.#next = 0;
      const connection = ready[this.#next++]?.connection;
      if (connection !== undefined && connection.available > 0) return connection;
    }
    return undefined;
  }

  connect(): void {
    for (const subchannel of this.#subchannels.values()) subchannel.connect();
    this.#updateState();
  }

  update(addresses: readonly Address[]): void {
    const active = this.#state !== "idle";
    const before = this.#subchannels;
    const after = new Map<string, BalancedSubchannel>();
    for (const address of addresses) {
      const key = addressKey(address);
      after.set(key, before.get(key) ?? this.#create(address));
    }
    this.#subchannels = after;
    for (const [key, subchannel] of before) if (!after.has(key)) subchannel.stop();
    if (active) this.connect();
  }

  stop(): void {
    for (const subchannel of this.#subchannels.values()) subchannel.stop();
    this.#updateState();
  }

  onChange(subchannel: BalancedSubchannel): void {
    // Reconnects a lost connection, to keep a connection to each address.
    if (subchannel.state === "idle") subchannel.connect();
    else this.#updateState();
  }

  onAvailable(): void {
    this.#owner.onAvailable();
  }

  onStale(): void {
    this.#owner.onStale();
  }

  #create(address: Address): BalancedSubchannel {
    return this.#healthService === undefined
      ? new Subchannel([address], this.#settings, this)
      : new CheckedSubchannel(address, this.#healthService, this.#settings, this);
  }

  #updateState(): void {
    const all = [...this.#subchannels.values()];
    const ready = all.filter(({ state }) => state === "ready");
    this.#ready = ready;
    const has = (wanted: SubchannelState) => all.some(({ state }) => state === wanted);
    this.#failure = all.findLast(({ state }) => state === "failed")?.failure;
    if (ready.length > 0) this.#state = "ready";
    else if (has("connecting")) this.#state = "connecting";
    else this.#state = has("failed") ? "failed" : "idle";
    this.#owner.onChange();
  }
}
