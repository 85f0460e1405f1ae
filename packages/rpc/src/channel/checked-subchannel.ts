// A subchannel that is ready only while the health service of its server says SERVING (gRFC A17).
import type { CallCounts } from "../channelz/counts.ts";
import type { SocketEntity } from "../channelz/entities.ts";
import type { Trace } from "../channelz/trace.ts";
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

  get id(): number {
    return this.#subchannel.id;
  }

  get name(): string {
    return this.#subchannel.name;
  }

  get counts(): CallCounts {
    return this.#subchannel.counts;
  }

  get trace(): Trace {
    return this.#subchannel.trace;
  }

  get sockets(): readonly SocketEntity[] {
    return this.#subchannel.sockets;
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
    const settings = { target, service: this.#service, backoff };
    const watch = new HealthWatch(connection, settings, () => {
      if (watch.failure === undefined) this.trace.add("healthy");
      else this.trace.add(`not healthy: ${watch.failure.message}`, "warning");
      this.#owner.onChange(this);
    });
    this.#watch = watch;
  }

  #endWatch(): void {
    this.#watch?.stop();
    this.#watch = undefined;
  }
}
