// pick_first: sends all calls to the first address that accepts a connection (gRFC A62, A61).
import type { SubchannelEntity } from "../channelz/entities.ts";
import type { RpcError } from "../protocol/error.ts";
import type { Address, Connection } from "../transport/connection.ts";
import { distinct, interleaved } from "./address-list.ts";
import type { Balancer, BalancerOwner } from "./balancer.ts";
import { type ConnectSettings, Subchannel, type SubchannelOwner, type SubchannelState } from "./subchannel.ts";

export class PickFirst implements Balancer, SubchannelOwner {
  readonly #owner: BalancerOwner;
  readonly #subchannel: Subchannel;

  constructor(settings: ConnectSettings, owner: BalancerOwner) {
    this.#owner = owner;
    this.#subchannel = new Subchannel([], settings, this);
  }

  get state(): SubchannelState {
    return this.#subchannel.state;
  }

  get failure(): RpcError | undefined {
    return this.#subchannel.failure;
  }

  get subchannels(): readonly SubchannelEntity[] {
    return [this.#subchannel];
  }

  get calls(): number {
    return this.#subchannel.calls;
  }

  pick(): Connection | undefined {
    const { connection } = this.#subchannel;
    return connection !== undefined && connection.available > 0 ? connection : undefined;
  }

  connect(): void {
    this.#subchannel.connect();
  }

  update(addresses: readonly Address[]): void {
    this.#subchannel.update(interleaved(distinct(addresses)));
  }

  stop(): void {
    this.#subchannel.stop();
  }

  onChange(): void {
    this.#owner.onChange();
  }

  onAvailable(): void {
    this.#owner.onAvailable();
  }

  onStale(): void {
    this.#owner.onStale();
  }
}
