// The upstream servers of a gateway, and the channels to them.
import type { DescService } from "@bufbuild/protobuf";
import { type Channel, type CodecFactory, compiled, createChannel, createClient } from "@grpc-study/rpc";
import type { Upstream } from "./options.ts";

/** An upstream with its channel. */
interface OpenUpstream {
  readonly upstream: Channel;
  readonly connect: (() => Channel) | undefined;
  /** Whether the gateway created the channel. */
  readonly owned: boolean;
}

/** A connection to an upstream, and its number of calls. */
export class UpstreamConnection {
  readonly channel: Channel;
  calls = 0;
  /** Called when the last call has ended. */
  onIdle: (() => void) | undefined;
  /** One client for each service and codec, which covers all methods of the service. */
  readonly #clients = new Map<CodecFactory, Map<DescService, Readonly<Record<string, unknown>>>>();

  constructor(channel: Channel) {
    this.channel = channel;
  }

  /** Ends a call. */
  end(): void {
    this.calls--;
    if (this.calls === 0) this.onIdle?.();
  }

  client(service: DescService, codec: CodecFactory = compiled): Readonly<Record<string, unknown>> {
    let clients = this.#clients.get(codec);
    if (clients === undefined) {
      clients = new Map();
      this.#clients.set(codec, clients);
    }
    let client = clients.get(service);
    if (client === undefined) {
      client = createClient(service, this.channel, { codec }) as unknown as Readonly<Record<string, unknown>>;
      clients.set(service, client);
    }
    return client;
  }
}

/**
 * The connections to an upstream. Servers limit the streams of a connection (RFC 9113, section
 * 6.5.2, recommends at least 100), and calls beyond the limit wait without notice. So this pool
 * opens as many connections as the calls need.
 */
export class UpstreamConnections {
  readonly #all: [UpstreamConnection, ...UpstreamConnection[]];
  readonly #connect: (() => Channel) | undefined;
  readonly #callsPerConnection: number;
  /** Whether the pool closes its first channel, too. */
  readonly #owned: boolean;

  constructor({ upstream, connect, owned }: OpenUpstream, callsPerConnection: number) {
    this.#all = [new UpstreamConnection(upstream)];
    this.#connect = connect;
    this.#callsPerConnection = callsPerConnection;
    this.#owned = owned;
  }

  /** The channel of the first connection. */
  get channel(): Channel {
    return this.#all[0].channel;
  }

  /** Returns a connection below the limit, or a new one, or else the least loaded one. */
  choose(): UpstreamConnection {
    let [leastLoaded] = this.#all;
    for (const connection of this.#all) {
      if (connection.calls < this.#callsPerConnection) return connection;
      if (connection.calls < leastLoaded.calls) leastLoaded = connection;
    }
    if (this.#connect === undefined) return leastLoaded;
    const connection = new UpstreamConnection(this.#connect());
    this.#all.push(connection);
    return connection;
  }

  /** Closes the channels of the gateway, each once its calls have ended. */
  retire(): void {
    for (const connection of this.#all.slice(this.#owned ? 0 : 1)) {
      const close = () => connection.channel.close();
      if (connection.calls === 0) close();
      else connection.onIdle = close;
    }
  }

  /** Closes the channels of the gateway at once. */
  close(): void {
    for (const { channel } of this.#all.slice(this.#owned ? 0 : 1)) channel.close();
  }
}

/** The connections to an upstream that has one channel, which stays open. */
export function onlyConnection(upstream: Channel): UpstreamConnections {
  return new UpstreamConnections({ upstream, connect: undefined, owned: false }, Number.POSITIVE_INFINITY);
}

/** The limits of the channels that a gateway opens. */
export interface PoolOptions {
  /** In bytes. */
  readonly maxResponseBytes: number | undefined;
  readonly callsPerConnection: number;
}

/** The pools of a gateway: one for each upstream. */
export class Pools {
  readonly #options: PoolOptions;
  #pools: ReadonlyMap<string | Channel, UpstreamConnections> = new Map();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** The pools of upstreams, opened unless they are open. */
  open(upstreams: readonly Upstream[]): ReadonlyMap<string | Channel, UpstreamConnections> {
    const pools = new Map<string | Channel, UpstreamConnections>();
    for (const one of upstreams) {
      const { upstream } = one;
      const pool = pools.get(upstream) ?? this.#pools.get(upstream);
      pools.set(upstream, pool ?? new UpstreamConnections(this.#openOne(one), this.#options.callsPerConnection));
    }
    return pools;
  }

  /** Replaces the pools. Those that are not needed any more close once their calls have ended. */
  use(pools: ReadonlyMap<string | Channel, UpstreamConnections>): void {
    for (const [upstream, pool] of this.#pools) if (!pools.has(upstream)) pool.retire();
    this.#pools = pools;
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close();
  }

  #openOne({ upstream, connect }: Upstream): OpenUpstream {
    if (typeof upstream !== "string") return { upstream, connect, owned: false };
    const { maxResponseBytes } = this.#options;
    const limits = maxResponseBytes === undefined ? {} : { limits: { maxReceiveMessageBytes: maxResponseBytes } };
    return {
      upstream: createChannel(upstream, limits),
      connect: connect ?? (() => createChannel(upstream, { ...limits, pool: false })),
      owned: true,
    };
  }
}

/** An upstream whose health is checked. */
export interface CheckedServer {
  readonly channel: Channel;
  /** The name in the response, if it is listed there. */
  readonly name: string | undefined;
  /** Whether its services are unknown, so that the gateway does not serve them. */
  readonly missing: boolean;
}

/** The upstreams for the health check: one for each channel. */
export function serversOf(upstreams: readonly Upstream[], pools: ReadonlyMap<string | Channel, UpstreamConnections>): CheckedServer[] {
  const servers = new Map<Channel, CheckedServer>();
  for (const { upstream, name, missing = false } of upstreams) {
    const channel = pools.get(upstream)?.channel;
    if (channel === undefined) continue;
    const before = servers.get(channel);
    servers.set(channel, { channel, name: before?.name ?? name, missing: missing || before?.missing === true });
  }
  return [...servers.values()];
}

/** Upstreams with their names for messages. */
export function withNames(upstreams: readonly Upstream[]): { readonly name: string; readonly services: readonly DescService[] }[] {
  return upstreams.map(({ services, upstream, name }) => ({
    name: name ?? (typeof upstream === "string" ? upstream : upstream.target),
    services,
  }));
}
