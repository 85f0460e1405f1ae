// The upstream servers of a gateway, and the channels to them.
import type { DescService } from "@bufbuild/protobuf";
import { type Channel, createChannel, createClient } from "@grpc-study/rpc";
import type { GatewayOptions, Upstream } from "./options.ts";

/** An upstream with its channel. */
export interface OpenUpstream extends Upstream {
  readonly upstream: Channel;
}

/** A connection to an upstream, and its number of calls. */
export class UpstreamConnection {
  readonly channel: Channel;
  calls = 0;
  /** One client for each service, which covers all its methods. */
  readonly #clients = new Map<DescService, Readonly<Record<string, unknown>>>();

  constructor(channel: Channel) {
    this.channel = channel;
  }

  client(service: DescService): Readonly<Record<string, unknown>> {
    const client = this.#clients.get(service) ?? (createClient(service, this.channel) as unknown as Readonly<Record<string, unknown>>);
    this.#clients.set(service, client);
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

  constructor({ upstream, connect }: OpenUpstream, callsPerConnection: number) {
    this.#all = [new UpstreamConnection(upstream)];
    this.#connect = connect;
    this.#callsPerConnection = callsPerConnection;
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

  /** Closes the connections that this pool opened. */
  close(): void {
    for (const { channel } of this.#all.splice(1)) channel.close();
  }
}

export interface OpenUpstreams {
  /** The first upstream, then the others. */
  readonly all: readonly [OpenUpstream, ...OpenUpstream[]];
  /** Closes the channels that `openUpstreams` created. */
  close(): void;
}

/** Creates channels for the upstreams given as addresses. */
export function openUpstreams({ otherUpstreams = [], maxResponseBytes, ...first }: GatewayOptions): OpenUpstreams {
  const created: Channel[] = [];
  const limits = maxResponseBytes === undefined ? {} : { limits: { maxReceiveMessageBytes: maxResponseBytes } };
  const open = ({ services, upstream, connect }: Upstream): OpenUpstream => {
    if (typeof upstream !== "string") return { services, upstream, connect };
    const channel = createChannel(upstream, limits);
    created.push(channel);
    return { services, upstream: channel, connect: () => createChannel(upstream, { ...limits, pool: false }) };
  };
  const all: OpenUpstreams["all"] = [open(first), ...otherUpstreams.map(open)];
  return {
    all,
    close: () => {
      for (const channel of created) channel.close();
    },
  };
}

/** Upstreams with their names for messages. */
export function withNames(upstreams: readonly Upstream[]): { readonly name: string; readonly services: readonly DescService[] }[] {
  return upstreams.map(({ services, upstream }) => ({ name: typeof upstream === "string" ? upstream : upstream.target, services }));
}
