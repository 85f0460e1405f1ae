// The servers behind a gateway, and the channels to them.
import type { DescService } from "@bufbuild/protobuf";
import { type Channel, createChannel } from "@grpc-study/rpc";
import type { GatewayOptions, Upstream } from "./options.ts";

/** An upstream whose channel is there. */
export interface OpenUpstream extends Upstream {
  readonly upstream: Channel;
}

export interface OpenUpstreams {
  /** The first one, and the others. */
  readonly all: readonly [OpenUpstream, ...OpenUpstream[]];
  /** Closes the channels that were made here. */
  close(): void;
}

/** Makes the channels of upstreams that are addresses. */
export function openUpstreams({ services, upstream, otherUpstreams = [], maxResponseBytes }: GatewayOptions): OpenUpstreams {
  const made: Channel[] = [];
  const open = ({ services, upstream }: Upstream): OpenUpstream => {
    if (typeof upstream !== "string") return { services, upstream };
    const channel = createChannel(upstream, maxResponseBytes === undefined ? {} : { limits: { maxReceiveMessageBytes: maxResponseBytes } });
    made.push(channel);
    return { services, upstream: channel };
  };
  const all: OpenUpstreams["all"] = [open({ services, upstream }), ...otherUpstreams.map(open)];
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
