// Which connection a call gets.
import type { RpcError } from "../protocol/error.ts";
import type { Address, Connection } from "../transport/connection.ts";
import type { SubchannelState } from "./subchannel.ts";

/** What a balancer tells its channel. */
export interface BalancerOwner {
  /** `state` is another one, or `pick` chooses among others. */
  onChange(): void;
  /** A connection that took no more calls takes calls again. */
  onAvailable(): void;
  /** The addresses may be out of date. */
  onStale(): void;
}

/** Keeps connections to addresses. */
export interface Balancer {
  /** `failed` lasts until there is a connection. */
  readonly state: SubchannelState;
  /** While `failed`: why. */
  readonly failure: RpcError | undefined;
  /** A connection that takes a call now; undefined if there is none. */
  pick(): Connection | undefined;
  /** How many calls are open on its connections. */
  readonly calls: number;
  /** Begins to connect what is idle. */
  connect(): void;
  update(addresses: readonly Address[]): void;
  /** Gives its connections up: each ends once its calls have. `connect` begins anew. */
  stop(): void;
}
