// Runs the command: from the parsed options to the signal that ends it.
import { constants } from "node:os";
import { printable } from "@grpc-study/command/printable";
import { createLogger } from "@grpc-study/log";
import { ListenError, TlsFileError } from "@grpc-study/rpc";
import type { Config } from "../config/config.ts";
import { list } from "../config/list.ts";
import { ConfigError, readConfig } from "../config/read-config.ts";
import { DescriptorsError } from "../descriptors.ts";
import { createGateway, type Gateway } from "../gateway.ts";
import { HeaderRuleError } from "../http/header-rules.ts";
import { RuleError } from "../http-rule/rule.ts";
import { joinRegistries } from "../known-types.ts";
import { ownPathsOf } from "../own-paths.ts";
import { servedBindings } from "../routes.ts";
import { joinTypeSources } from "../type-source.ts";
import type { CommandOptions } from "./cli.ts";
import { withOptions } from "./options-config.ts";
import { formatRoutes } from "./routes.ts";
import { rulesOf } from "./rules.ts";
import { checkServices, pathsOf, servicesOf, timeoutsOf } from "./settings.ts";
import { UpstreamServer, UsageError } from "./upstream-server.ts";

/**
 * Serves until a signal arrives. Sets the exit status of the process to 1 if the gateway cannot
 * start.
 */
export async function run(cli: CommandOptions): Promise<void> {
  const servers: UpstreamServer[] = [];
  let gateway: Gateway;
  let routes: string;
  let config: Config = {};
  let log: ReturnType<typeof createLogger>;
  try {
    config = withOptions(cli.config === undefined ? {} : readConfig(cli.config).config, cli);
    log = createLogger(config.logLevel ?? "info");
    const { upstreams = [], limits = {}, headers = {}, json = {}, tls } = config;
    if (upstreams.length === 0) throw new UsageError(`${cli.config} has no upstreams, and --upstream is not given`);
    for (const upstream of upstreams) servers.push(new UpstreamServer(upstream, limits));
    await Promise.all(servers.map((server) => server.read()));
    checkServices(servers, config);
    const services = servicesOf(servers, config);
    const [first, ...others] = servers.map((server, index) => ({
      upstream: server.channel,
      connect: () => server.connect(),
      services: services[index] ?? [],
    }));
    if (first === undefined) throw new TypeError("the configuration has no server");
    const descriptors = servers.flatMap((server) => server.descriptors ?? []);
    const options = {
      ...first,
      otherUpstreams: others,
      rules: rulesOf(config),
      unbound: config.unbound,
      conflicts: config.conflicts,
      // Reports all errors in the rules at once.
      paths: pathsOf(config),
      openApi: config.docs?.title === undefined ? {} : { title: config.docs.title },
    };
    const bindings = servedBindings(options);
    if (bindings.length === 0) {
      const names = servers.map(({ name }) => name).join(" and ");
      throw new UsageError(`no method of ${names} has a google.api.http rule: add rules with --rules, or use --unbound`);
    }
    gateway = createGateway({
      ...options,
      registry: joinRegistries(descriptors.map(({ registry }) => registry)),
      typeSource: joinTypeSources(descriptors.flatMap(({ typeSource }) => typeSource ?? [])),
      onWarning: (message) => log.warn(message),
      forwardHeaders: list(headers.forward),
      responseHeaders: list(headers.response),
      statusMetadata: headers.status,
      json: { fieldNames: json.fieldNames ?? "json", emitDefaults: json.emitDefaults ?? false, ignoreUnknownFields: !json.rejectUnknown },
      rejectUnknownParameters: json.rejectUnknown,
      bodyLimit: limits.bodyLimit,
      elementLimit: limits.elementLimit,
      bodyTimeoutMs: limits.bodyTimeout,
      timeoutMs: limits.timeout,
      timeouts: timeoutsOf(servers, config),
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
      cors: config.cors && { origin: list(config.cors.origins) ?? [] },
      trustProxy: list(config.trustProxy),
      allowedHosts: list(config.allowedHosts),
      tls: tls && { ...tls, onReloadError: (error) => log.warn(`${error.message}; the current certificate stays in use`) },
      logger: log,
    });
    const { docs, openApi } = ownPathsOf(options);
    const { host, port } = listenOf(config);
    const { url } = await gateway.listen(`${host.includes(":") ? `[${host}]` : host}:${port}`);
    log.info({ url }, "serving HTTP");
    routes = formatRoutes(bindings, {
      address: url,
      upstream: servers.map(({ name }) => name).join(" and "),
      docs,
      openApi,
    });
  } catch (error) {
    for (const server of servers) server.close();
    const message = explain(error, listenOf(config));
    if (message === undefined) throw error;
    for (const line of message.split("\n")) process.stderr.write(`error: ${printable(line)}\n`);
    process.exitCode = 1;
    return;
  }

  let stopping = false;
  const stop = async (signal: "SIGHUP" | "SIGINT" | "SIGTERM") => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    log.info("shutting down; a second signal exits at once");
    await gateway.close();
    for (const server of servers) server.close();
    log.info("stopped");
  };
  process.on("SIGHUP", stop).on("SIGINT", stop).on("SIGTERM", stop);
  process.stdout.on("error", () => {}); // the reader of the table may exit first
  process.stdout.write(routes);
}

interface Listen {
  readonly host: string;
  readonly port: number;
}

function listenOf({ listen = "localhost:9468" }: Config): Listen {
  const colon = listen.lastIndexOf(":");
  return { host: listen.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(listen.slice(colon + 1)) };
}

function explain(error: unknown, listen: Listen): string | undefined {
  const known = [ConfigError, UsageError, RuleError, TlsFileError, DescriptorsError, HeaderRuleError].some((kind) => error instanceof kind);
  if (known) return (error as Error).message;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `port ${listen.port} is already in use (${listen.host}:${listen.port})`;
  if (error instanceof ListenError) return `cannot listen on ${listen.host}:${listen.port}: ${code}`;
  if (code?.startsWith("ERR_OSSL") || syscall === "open") return `the certificate or its key cannot be used: ${message}`;
  return undefined;
}
