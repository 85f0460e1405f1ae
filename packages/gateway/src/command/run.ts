// Runs the command: from the parsed options to the signal that ends it.
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { fileProblem } from "@grpc-study/command/file-problem";
import { printable } from "@grpc-study/command/printable";
import { createLogger } from "@grpc-study/log";
import { type Channel, type ClientTls, createChannel, TlsFileError } from "@grpc-study/rpc";
import type { FastifyInstance } from "fastify";
import { type Descriptors, DescriptorsError, readDescriptors } from "../descriptors.ts";
import { servedBindings } from "../gateway.ts";
import { HeaderRuleError } from "../http/header-rules.ts";
import { parseRules } from "../http-rule/read-rules.ts";
import { RuleError } from "../http-rule/rule.ts";
import { joinRegistries } from "../known-types.ts";
import { ownPathsOf, serverPaths } from "../own-paths.ts";
import { reflectServices } from "../reflection.ts";
import { createGateway } from "../server/create-gateway.ts";
import { joinTypeSources } from "../type-source.ts";
import type { CommandOptions } from "./cli.ts";
import { formatRoutes } from "./routes.ts";

/** An error that the operator can fix. */
class UsageError extends Error {}

/** Maximum size of a reflection response, in bytes. */
const maxReflectionBytes = 64 * 1024 * 1024;

/**
 * Serves until a signal arrives. Sets the exit status of the process to 1 if the gateway cannot
 * start.
 */
export async function run(cli: CommandOptions): Promise<void> {
  const log = createLogger(cli.logLevel);
  const channels: Channel[] = [];
  const reflections: Channel[] = [];
  let app: FastifyInstance;
  let routes: string;
  try {
    channels.push(...cli.upstream.map((upstream) => open(upstream, cli)));
    const descriptors = await Promise.all(
      cli.upstream.map((upstream, index) => {
        const file = cli.descriptors?.[index];
        if (file !== undefined) return inFile(file, () => readDescriptors(readFile(file)));
        // Descriptors are larger than responses: a separate channel has its own limit.
        const reflection = open(upstream, { ...cli, maxResponseBytes: Math.max(cli.maxResponseBytes ?? 0, maxReflectionBytes) });
        reflections.push(reflection);
        return reflectServices(reflection, { timeoutMs: cli.reflectionTimeout });
      }),
    );
    const rules = cli.rules?.flatMap((file) => inFile(file, () => parseRules(readFile(file).toString())));
    const { fieldNames, emitDefaults = false, rejectUnknown = false, unbound = false, conflicts } = cli;
    const served = select(descriptors, cli.service);
    const [first = [], ...others] = served;
    const [channel] = channels;
    if (channel === undefined) throw new UsageError("--upstream is required");
    const options = {
      services: first,
      upstream: channel,
      connect: connectTo(cli, 0),
      otherUpstreams: channels.slice(1).map((upstream, index) => ({
        upstream,
        connect: connectTo(cli, index + 1),
        services: others[index] ?? [],
      })),
      rules,
      unbound,
      conflicts,
      // Reports all errors in the rules at once.
      paths: serverPaths(pathsOf(cli)),
      openApi: cli.openapi && (cli.title === undefined ? {} : { title: cli.title }),
    };
    const bindings = servedBindings(options);
    if (bindings.length === 0) {
      const names = cli.upstream.join(" and ");
      throw new UsageError(`no method of ${names} has a google.api.http rule: add rules with --rules, or use --unbound`);
    }
    app = await createGateway({
      ...options,
      registry: joinRegistries(descriptors.map(({ registry }) => registry)),
      typeSource: joinTypeSources(descriptors.flatMap(({ typeSource }: Descriptors) => typeSource ?? [])),
      onWarning: (message) => log.warn(message),
      forwardHeaders: cli.forwardHeader,
      responseHeaders: cli.responseHeader,
      statusMetadata: cli.statusMetadata,
      json: { fieldNames, emitDefaults, ignoreUnknownFields: !rejectUnknown },
      rejectUnknownParameters: rejectUnknown,
      bodyLimit: cli.bodyLimit,
      elementLimit: cli.elementLimit,
      bodyTimeoutMs: cli.bodyTimeout,
      timeoutMs: cli.timeout,
      graceMs: cli.grace,
      maxCalls: cli.maxCalls,
      maxCallsPerAddress: cli.maxCallsPerAddress,
      callsPerConnection: cli.callsPerConnection,
      limits: {
        maxHeaderBytes: cli.maxHeaderBytes,
        headersTimeoutMs: cli.headersTimeout,
        maxConnections: cli.maxConnections,
        maxConcurrentStreams: cli.maxStreams,
        maxPipelined: cli.maxPipelined,
      },
      cors: cli.cors,
      trustProxy: cli.trustProxy,
      allowedHosts: cli.allowedHosts,
      tls: tlsOf(cli, (error) => log.warn(`${error.message}; the current certificate stays in use`)),
      logger: log,
    });
    const { docs, openApi } = ownPathsOf(options);
    if (docs !== undefined && !bindings.some(({ template }) => template.text === "/")) app.get("/", (_, reply) => reply.redirect(docs));
    const { host, port } = cli.listen;
    const address = await app.listen({ host, port, listenTextResolver: () => "serving HTTP" });
    const scheme = cli.tlsCert === undefined ? "http" : "https";
    routes = formatRoutes(bindings, {
      address: `${scheme}://${hostAndPort(address, host)}`,
      upstream: cli.upstream.join(" and "),
      docs,
      openApi,
    });
  } catch (error) {
    for (const channel of [...channels, ...reflections]) channel.close();
    const message = explain(error, cli);
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
    await app.close();
    for (const channel of [...channels, ...reflections]) channel.close();
    log.info("stopped");
  };
  process.on("SIGHUP", stop).on("SIGINT", stop).on("SIGTERM", stop);
  process.stdout.on("error", () => {}); // the reader of the table may exit first
  process.stdout.write(routes);
}

/** Returns a function that opens another connection to one of the servers. */
function connectTo(cli: CommandOptions, index: number): () => Channel {
  return () => open(cli.upstream[index] ?? "", cli, false);
}

/** @param pool `false` opens a separate connection. */
function open(upstream: string, { tls, ca, cert, key, serverName, maxResponseBytes }: CommandOptions, pool = true): Channel {
  const files: ClientTls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(serverName !== undefined && { serverName }),
  };
  const secure = tls || Object.keys(files).length > 0;
  const limits = maxResponseBytes === undefined ? {} : { maxReceiveMessageBytes: maxResponseBytes };
  return createChannel(upstream, { connectTimeoutMs: 5000, limits, pool, ...(secure && { tls: files }) });
}

/** Prefixes errors about the content of a file with its name. */
function inFile<Value>(file: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof RuleError || error instanceof DescriptorsError)
      throw new UsageError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

function pathsOf({ healthPath, docsPath, openapiPath }: CommandOptions) {
  return {
    ...(healthPath !== undefined && { health: healthPath }),
    ...(docsPath !== undefined && { docs: docsPath }),
    ...(openapiPath !== undefined && { openApi: openapiPath }),
  };
}

function readFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(fileProblem(file, error), { cause: error });
  }
}

/** The services to serve, grouped by upstream. */
function select(descriptors: readonly Descriptors[], names: readonly string[] | undefined): Descriptors["services"][] {
  const all = descriptors.flatMap(({ services }) => services.map(({ typeName }) => typeName));
  const unknown = names?.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`unknown service ${unknown}, expected one of: ${all.join(", ") || "(the server has no services)"}`);
  return descriptors.map(({ services }) =>
    names === undefined ? [...services] : services.filter(({ typeName }) => names.includes(typeName)),
  );
}

function tlsOf({ tlsCert, tlsKey, tlsCa }: CommandOptions, onReloadError: (error: Error) => void) {
  return tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey, clientCa: tlsCa, onReloadError };
}

/** The requested host with the bound port. Fastify reports http even if the server uses TLS. */
function hostAndPort(address: string, host: string): string {
  return `${host.includes(":") ? `[${host}]` : host}:${new URL(address).port || 80}`;
}

function explain(error: unknown, { listen }: CommandOptions): string | undefined {
  const known = [UsageError, RuleError, TlsFileError, DescriptorsError, HeaderRuleError].some((kind) => error instanceof kind);
  if (known) return (error as Error).message;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `port ${listen.port} is already in use (${listen.host}:${listen.port})`;
  if (syscall === "listen" || syscall === "getaddrinfo") return `cannot listen on ${listen.host}:${listen.port}: ${code}`;
  if (code?.startsWith("ERR_OSSL") || syscall === "open") return `the certificate or its key cannot be used: ${message}`;
  return undefined;
}
