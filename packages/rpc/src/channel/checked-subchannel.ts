// A subchannel that is ready only while the health service of its server says SERVING (gRFC A17).
import type { RpcError } from "../protocol/error.ts";
import type { Address, Connection } from "../transport/connection.ts";
import { HealthWatch } from "./health-watch.ts";
import { type BalancedSubchannel, type ConnectSettings, Subchannel, type SubchannelOwner, type SubchannelState } from "./subchannel.ts";

export class CheckedSubchannel implements BalancedSubchannel, SubchannelOwner {
  readonly #settings: ConnectSettings;
  readonly #service: string;
  readonly #owner: SubchannelOwner;
  readonly #subchannel: Subchannel;
  /** Set while there is a connection. */
  #watch: HealthWatch | undefined;

  /** @param service the service to ask for. `""` stands for the server as a whole. */
  constructor(address: Address, service: string, settings: ConnectSettings, owner: SubchannelOwner) {
    this.#settings = settings;
    this.#service = service;
    this.#owner = owner;
    this.#subchannel = new Subchannel([address], settings, this);
  }

  get state(): SubchannelState {
    return this.#watch?.state ?? this.#subchannel.state;
  }

  get connection(): Connection | undefined {
    return this.#watch?.state === "ready" ? this.#subchannel.connection : undefined;
  }

  get failure(): RpcError | undefined {
    return this.#watch === undefined ? this.#subchannel.failure : this.#watch.failure;
  }

  get calls(): number {
    return this.#subchannel.calls;
  }

  connect(): void {
    this.#subchannel.connect();
  }

  stop(): void {
    this.#endWatch();
    this.#subchannel.stop();
  }

  onChange(): void {
    const { connection } = this.#subchannel;
    if (connection !== this.#watch?.connection) {
      this.#endWatch();
      if (connection !== undefined) this.#beginWatch(connection);
    }
    this.#owner.onChange(this);
  }

  onAvailable(): void {
    this.#owner.onAvailable();
  }

  onStale(): void {
    this.#owner.onStale();
  }

  #beginWatch(connection: Connection): void {
    const { target, backoff, onStep } = this.#settings;
    onStep("the first answer of the health service");
    this.#watch = new HealthWatch(connection, { target, service: this.#service, backoff }, () => this.#owner.onChange(this));
  }

  #endWatch(): void {
    this.#watch?.stop();
    this.#watch = undefined;
  }
}
