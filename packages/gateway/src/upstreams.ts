// The servers behind a gateway, and the channels to them.
import type { DescService } from "@bufbuild/protobuf";
import { type Channel, createChannel, createClient } from "@grpc-study/rpc";
import type { GatewayOptions, Upstream } from "./options.ts";

/** An upstream whose channel is there. */
export interface OpenUpstream extends Upstream {
  readonly upstream: Channel;
}

/** One connection to an upstream, and how many calls it has. */
export class UpstreamConnection {
  readonly channel: Channel;
  calls = 0;
  /** One of each service: it may have thousands of methods, and its client has them all. */
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
 * The connections to an upstream. A server has a limit of streams in each (100 is the least that RFC 9113, section 6.5.2, recommends), and a call beyond
 * it waits without a word, behind all others: so there are as many as the calls need.
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

  /** One that has room; without any, a new one, if one can be made. */
  choose(): UpstreamConnection {
    let [least] = this.#all;
    for (const connection of this.#all) {
      if (connection.calls < this.#callsPerConnection) return connection;
      if (connection.calls < least.calls) least = connection;
    }
    if (this.#connect === undefined) return least;
    const made = new UpstreamConnection(this.#connect());
    this.#all.push(made);
    return made;
  }

  /** Closes those that were made here. */
  close(): void {
    for (const { channel } of this.#all.splice(1)) channel.close();
  }
}

export interface OpenUpstreams {
  /** The first one, and the others. */
  readonly all: readonly [OpenUpstream, ...OpenUpstream[]];
  /** Closes the channels that were made here. */
  close(): void;
}

/** Makes the channels of upstreams that are addresses. */
export function openUpstreams({ otherUpstreams = [], maxResponseBytes, ...first }: GatewayOptions): OpenUpstreams {
  const made: Channel[] = [];
  const limits = maxResponseBytes === undefined ? {} : { limits: { maxReceiveMessageBytes: maxResponseBytes } };
  const open = ({ services, upstream, connect }: Upstream): OpenUpstream => {
    if (typeof upstream !== "string") return { services, upstream, connect };
    const channel = createChannel(upstream, limits);
    made.push(channel);
    return { services, upstream: channel, connect: () => createChannel(upstream, { ...limits, pool: false }) };
  };
  const all: OpenUpstreams["all"] = [open(first), ...otherUpstreams.map(open)];
  return {
    all,
    close: () => {
      for (const channel of made) channel.close();
    },
  };
}

/** Upstreams as messages name them. */
export function named(upstreams: readonly Upstream[]): { readonly name: string; readonly services: readonly DescService[] }[] {
  return upstreams.map(({ services, upstream }) => ({ name: typeof upstream === "string" ? upstream : upstream.target, services }));
}
