// The interface between a channel and its load-balancing policy.
import type { SubchannelEntity } from "../channelz/entities.ts";
import type { RpcError } from "../protocol/error.ts";
import type { Address, Connection } from "../transport/connection.ts";
import type { SubchannelState } from "./subchannel.ts";

/** Receives the events of a balancer. */
export interface BalancerOwner {
  /** The state or the set of ready connections has changed. */
  onChange(): void;
  /** A connection at its limit of streams has room again. */
  onAvailable(): void;
  /** The addresses may be out of date. */
  onStale(): void;
}

/** Keeps connections to addresses and picks one for each call. */
export interface Balancer {
  /** `failed` lasts until a connection succeeds. */
  readonly state: SubchannelState;
  /** Why connecting failed, while the state is `failed`. */
  readonly failure: RpcError | undefined;
  /** What channelz shows of its connections. */
  readonly subchannels: readonly SubchannelEntity[];
  /** Returns a connection with room for a call, or undefined. */
  pick(): Connection | undefined;
  /** The number of open calls on its connections. */
  readonly calls: number;
  /** Connects idle subchannels. */
  connect(): void;
  update(addresses: readonly Address[]): void;
  /** Drains its connections: each closes once its calls have ended. `connect` starts again. */
  stop(): void;
}
