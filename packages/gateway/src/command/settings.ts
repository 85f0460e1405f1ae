// The options of a gateway that a configuration sets.
import type { Config } from "../config/config.ts";
import { list } from "../config/list.ts";
import { selects } from "../http-rule/selector.ts";
import type { GatewayOptions } from "../options.ts";
import { serverPaths } from "../own-paths.ts";
import { selected, type UpstreamServer, UsageError } from "./upstream-server.ts";

/** The gateway's own paths. */
export function pathsOf({ paths = {} }: Config): NonNullable<GatewayOptions["paths"]> {
  const given = Object.entries(paths).filter(([, path]) => path !== true && path !== undefined);
  return serverPaths(Object.fromEntries(given) as NonNullable<GatewayOptions["paths"]>);
}

/** The services of each server, as far as they are known. */
export function servicesOf(servers: readonly UpstreamServer[], { services }: Config) {
  const all = list(services);
  return servers.map(({ descriptors, config }) => {
    if (descriptors === undefined) return [];
    const own = selected(descriptors, list(config.services));
    return selected({ ...descriptors, services: own }, all);
  });
}

/**
 * Checks that each selector of `services` selects a service. Does nothing while the services of a
 * server are unknown.
 *
 * @throws UsageError
 */
export function checkServices(servers: readonly UpstreamServer[], { services }: Config): void {
  if (servers.some(({ descriptors }) => descriptors === undefined)) return;
  const all = servers.flatMap(({ descriptors }) => descriptors?.services ?? []).map(({ typeName }) => typeName);
  const unknown = list(services)?.find((selector) => !all.some((name) => selects(selector, name)));
  if (unknown !== undefined)
    throw new UsageError(`unknown service ${unknown}, expected one of: ${all.join(", ") || "(the server has no services)"}`);
}

/** The time limits by method: those of a server hold for methods that no selector selects. */
export function timeoutsOf(servers: readonly UpstreamServer[], { timeouts = {}, services }: Config): Record<string, number> {
  const served = servicesOf(servers, { services });
  const all: Record<string, number> = {};
  for (const [index, { config }] of servers.entries()) {
    if (config.timeout === undefined) continue;
    for (const { typeName } of served[index] ?? []) {
      const isSelected = Object.keys(timeouts).some((selector) => selector.endsWith("*") && typeName.startsWith(selector.slice(0, -1)));
      if (!isSelected) all[`${typeName}.*`] = config.timeout;
    }
  }
  return { ...all, ...timeouts };
}
