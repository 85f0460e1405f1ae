// The options of a gateway that a configuration sets.
import type { Logger } from "@grpc-study/log";
import type { Config } from "../config/config.ts";
import { list } from "../config/list.ts";
import { protocols } from "../config/schema-parts.ts";
import type { HttpRuleInit } from "../http-rule/rule.ts";
import { selects } from "../http-rule/selector.ts";
import { joinRegistries } from "../known-types.ts";
import type { GatewayOptions, GatewayServerOptions, GatewayUpstreams } from "../options.ts";
import { serverPaths } from "../own-paths.ts";
import { joinTypeSources } from "../type-source.ts";
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

/** The options of a gateway that do not change while it runs. */
export function fixedOptions(config: Config, log: Logger) {
  const { limits = {}, headers = {}, json = {}, tls, cors = {}, docs } = config;
  const origin = list(cors.origins);
  return {
    paths: pathsOf(config),
    console: config.console,
    openApi: docs?.title === undefined ? {} : { title: docs.title },
    protocols: config.protocols ?? protocols,
    onWarning: (message: string) => log.warn(message),
    forwardHeaders: list(headers.forward),
    responseHeaders: list(headers.response),
    statusMetadata: headers.status,
    json: { fieldNames: json.fieldNames ?? "json", emitDefaults: json.emitDefaults ?? false, ignoreUnknownFields: !json.rejectUnknown },
    rejectUnknownParameters: json.rejectUnknown,
    bodyLimit: limits.bodyLimit,
    elementLimit: limits.elementLimit,
    bodyTimeoutMs: limits.bodyTimeout,
    timeoutMs: limits.timeout,
    graceMs: config.grace,
    maxCalls: limits.maxCalls,
    maxCallsPerAddress: limits.maxCallsPerAddress,
    callsPerConnection: limits.callsPerConnection,
    limits: {
      maxHeaderBytes: limits.maxHeaderBytes,
      headersTimeoutMs: limits.headersTimeout,
      maxConnections: limits.maxConnections,
      maxConcurrentStreams: limits.maxStreams,
      maxPipelined: limits.maxPipelined,
    },
    cors: origin && {
      origin: origin.includes("*") ? ("*" as const) : origin,
      maxAgeSeconds: cors.maxAge === undefined ? undefined : Math.round(cors.maxAge / 1000),
    },
    trustProxy: list(config.trustProxy),
    allowedHosts: list(config.allowedHosts),
    tls: tls && {
      ...tls,
      onReloadError: (error: Error) => log.warn(`${error.message}; the current certificate stays in use`),
    },
    logger: log,
  } satisfies Omit<GatewayServerOptions, keyof GatewayUpstreams>;
}

/** What a gateway serves that may change while it runs. */
export function upstreamsOf(servers: readonly UpstreamServer[], config: Config, rules: readonly HttpRuleInit[]): GatewayUpstreams {
  checkServices(servers, config);
  const services = servicesOf(servers, config);
  const [first, ...others] = servers.map((server, index) => ({
    upstream: server.channel,
    connect: () => server.connect(),
    services: services[index] ?? [],
    name: server.name,
    missing: server.descriptors === undefined,
  }));
  if (first === undefined) throw new TypeError("the configuration has no server");
  const descriptors = servers.flatMap((server) => server.descriptors ?? []);
  return {
    ...first,
    otherUpstreams: others,
    rules,
    unbound: config.unbound,
    conflicts: config.conflicts,
    timeouts: timeoutsOf(servers, config),
    registry: joinRegistries(descriptors.map(({ registry }) => registry)),
    typeSource: joinTypeSources(descriptors.flatMap(({ typeSource }) => typeSource ?? [])),
  };
}

/** The parts of a configuration that a running gateway can apply. */
const live: ReadonlySet<string> = new Set([
  "$schema",
  "upstreams",
  "services",
  "rules",
  "ruleFiles",
  "conflicts",
  "unbound",
  "timeouts",
  "refresh",
  "requireUpstreams",
  "logLevel",
]);

/** The parts that differ, and that only a restart applies. */
export function restartKeys(before: Config, after: Config): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as ReadonlySet<keyof Config>;
  return [...keys].filter((key) => !live.has(key) && JSON.stringify(before[key]) !== JSON.stringify(after[key]));
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
