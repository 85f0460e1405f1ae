// The health and reflection services of a gateway with several upstreams: none of them knows all services.
import { setTimeout as delay } from "node:timers/promises";
import type { DescService } from "@bufbuild/protobuf";
import { type Channel, Code, createServer, implement, RpcError } from "@grpc-study/rpc";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "@grpc-study/rpc/health";
import { isOwnService } from "../descriptors.ts";
import { healthOf, type UpstreamsHealth } from "../health.ts";

/** Milliseconds between two checks for a watcher. */
const watchMs = 1000;

export interface OwnServicesInit {
  /** The services of all upstreams, with the channel to the upstream of each. */
  readonly services: ReadonlyMap<DescService, { readonly channel: Channel }>;
  readonly health: UpstreamsHealth;
  /** Whether to serve reflection, which shows all services to every client. */
  readonly reflection: boolean;
}

/** Returns a channel to the services. Reflection describes the services from the gateway's descriptors. */
export function ownServices({ services, health, reflection }: OwnServicesInit): Channel {
  const server = createServer({ health: false, reflection });
  const channels = new Map<string, Channel>();
  for (const [service, { channel }] of services) {
    // With `conflicts: "keep-first"`, several upstreams may have a service.
    if (isOwnService(service.typeName) || channels.has(service.typeName)) continue;
    channels.set(service.typeName, channel);
    // Only reflection sees it: the gateway itself serves its methods.
    server.add(implement(service, {}));
  }

  /** `undefined` for a service that the gateway, or the upstream's health service, does not know. */
  const statusOf = async (service: string): Promise<ServingStatus | undefined> => {
    if (service === "") return (await health.unhealthy()).length === 0 ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    const channel = channels.get(service);
    if (channel === undefined) return undefined;
    try {
      return (await healthOf(channel, service)) ?? ServingStatus.NOT_SERVING;
    } catch {
      return undefined;
    }
  };

  const own = implement(Health, {
    async check({ service }) {
      const status = await statusOf(service);
      if (status === undefined) throw new RpcError(Code.NOT_FOUND, `unknown service "${service}"`);
      return { status };
    },
    async *watch({ service }, { signal }) {
      for (let before: ServingStatus | undefined; ; await delay(watchMs, undefined, { signal })) {
        const status = (await statusOf(service)) ?? ServingStatus.SERVICE_UNKNOWN;
        if (status !== before) yield { status };
        before = status;
      }
    },
  });
  server.add(own);
  return server.channel();
}
