// The options of the command line as a configuration, which takes precedence over the file.
import type { Config, UpstreamConfig } from "../config/config.ts";
import type { CommandOptions } from "./cli.ts";

/** Overrides a configuration with the options of the command line. */
export function withOptions(file: Config, cli: CommandOptions): Config {
  return {
    ...file,
    ...given({
      listen: cli.listen,
      admin: cli.admin,
      services: cli.service,
      ruleFiles: cli.rules,
      conflicts: cli.conflicts,
      unbound: cli.unbound,
      protocols: cli.protocols,
      refresh: cli.refresh,
      requireUpstreams: cli.requireUpstreams,
      console: cli.consoleReadOnly && cli.console !== false ? { readOnly: true } : cli.console,
      allowedHosts: cli.allowedHosts,
      trustProxy: cli.trustProxy,
      grace: cli.grace,
      logLevel: cli.logLevel,
    }),
    // Rules of the command line replace those of the file.
    ...(cli.rules && { rules: [] }),
    upstreams: upstreamsOf(file.upstreams ?? [], cli),
    headers: { ...file.headers, ...given({ forward: cli.forwardHeader, response: cli.responseHeader, status: cli.statusMetadata }) },
    cors: { ...file.cors, ...given({ origins: cli.cors }) },
    json: { ...file.json, ...given({ fieldNames: cli.fieldNames, emitDefaults: cli.emitDefaults, rejectUnknown: cli.rejectUnknown }) },
    limits: {
      ...file.limits,
      ...given({
        timeout: cli.timeout,
        bodyLimit: cli.bodyLimit,
        elementLimit: cli.elementLimit,
        bodyTimeout: cli.bodyTimeout,
        maxResponseBytes: cli.maxResponseBytes,
        maxHeaderBytes: cli.maxHeaderBytes,
        headersTimeout: cli.headersTimeout,
        maxConnections: cli.maxConnections,
        maxStreams: cli.maxStreams,
        maxPipelined: cli.maxPipelined,
        maxCalls: cli.maxCalls,
        maxCallsPerAddress: cli.maxCallsPerAddress,
        callsPerConnection: cli.callsPerConnection,
      }),
    },
    tls: cli.tlsCert === undefined || cli.tlsKey === undefined ? file.tls : { cert: cli.tlsCert, key: cli.tlsKey, clientCa: cli.tlsCa },
    paths: {
      ...file.paths,
      ...given({ health: cli.healthPath, docs: cli.docsPath, openApi: cli.openapiPath, console: cli.consolePath }),
      ...(!cli.openapi && { openApi: false }),
    },
    docs: { ...file.docs, ...given({ title: cli.title }) },
  };
}

function upstreamsOf(file: readonly UpstreamConfig[], cli: CommandOptions): UpstreamConfig[] {
  const all: readonly UpstreamConfig[] = cli.upstream?.map((address) => ({ address })) ?? file;
  const { ca, cert, key, serverName } = cli;
  const tls = given({ ca, cert, key, serverName });
  const secure = cli.tls || Object.keys(tls).length > 0;
  return all.map((upstream, index) => ({
    ...upstream,
    ...given({ descriptors: cli.descriptors?.[index], reflectionTimeout: cli.reflectionTimeout }),
    ...(cli.reflection && { descriptors: undefined }),
    ...(secure && { tls }),
  }));
}

/** The values that are set. */
function given<Values extends object>(values: Values): Partial<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<Values>;
}
