// A run of the command, from its arguments to its last signal.
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
import type { GatewayRequest } from "./cli.ts";
import { formatRoutes } from "./routes.ts";

/** What the operator can do something about. */
class UsageError extends Error {}

/** The most bytes of an answer of the server's reflection. */
const maxReflectionBytes = 64 * 1024 * 1024;

/** Serves until a signal comes. Sets the process's exit status: 1 if that cannot be done. */
export async function run(request: GatewayRequest): Promise<void> {
  const log = createLogger(request.logLevel);
  const channels: Channel[] = [];
  const reflections: Channel[] = [];
  let app: FastifyInstance;
  let routes: string;
  try {
    channels.push(...request.upstream.map((upstream) => open(upstream, request)));
    const descriptors = await Promise.all(
      request.upstream.map((upstream, index) => {
        const file = request.descriptors?.[index];
        if (file !== undefined) return inFile(file, () => readDescriptors(readFile(file)));
        // Files are larger than responses: a channel of its own has a limit of its own.
        const reflection = open(upstream, { ...request, maxResponseBytes: Math.max(request.maxResponseBytes ?? 0, maxReflectionBytes) });
        reflections.push(reflection);
        return reflectServices(reflection, { timeoutMs: request.reflectionTimeout });
      }),
    );
    const rules = request.rules?.flatMap((file) => inFile(file, () => parseRules(readFile(file).toString())));
    const { fieldNames, emitDefaults = false, refuseUnknown = false, unbound = false, conflicts } = request;
    const served = select(descriptors, request.service);
    const [first = [], ...others] = served;
    const [channel] = channels;
    if (channel === undefined) throw new UsageError("--upstream is missing");
    const options = {
      services: first,
      upstream: channel,
      connect: connectTo(request, 0),
      otherUpstreams: channels.slice(1).map((upstream, index) => ({
        upstream,
        connect: connectTo(request, index + 1),
        services: others[index] ?? [],
      })),
      rules,
      unbound,
      conflicts,
      // All faults of rules are reported here at once.
      paths: serverPaths(pathsOf(request)),
      openApi: request.openapi && (request.title === undefined ? {} : { title: request.title }),
    };
    const bindings = servedBindings(options);
    if (bindings.length === 0) {
      const names = request.upstream.join(" and ");
      throw new UsageError(`no method of ${names} has a google.api.http rule: give some with --rules, or use --unbound`);
    }
    app = await createGateway({
      ...options,
      registry: joinRegistries(descriptors.map(({ registry }) => registry)),
      typeSource: joinTypeSources(descriptors.flatMap(({ typeSource }: Descriptors) => typeSource ?? [])),
      onWarning: (message) => log.warn(message),
      forwardHeaders: request.forwardHeader,
      responseHeaders: request.responseHeader,
      statusMetadata: request.statusMetadata,
      json: { fieldNames, emitDefaults, ignoreUnknownFields: !refuseUnknown },
      refuseUnknownParameters: refuseUnknown,
      bodyLimit: request.bodyLimit,
      elementLimit: request.elementLimit,
      bodyTimeoutMs: request.bodyTimeout,
      timeoutMs: request.timeout,
      graceMs: request.grace,
      maxCalls: request.maxCalls,
      maxCallsPerAddress: request.maxCallsPerAddress,
      callsPerConnection: request.callsPerConnection,
      limits: {
        maxHeaderBytes: request.maxHeaderBytes,
        headersTimeoutMs: request.headersTimeout,
        maxConnections: request.maxConnections,
        maxConcurrentStreams: request.maxStreams,
        maxPipelined: request.maxPipelined,
      },
      cors: request.cors,
      trustProxy: request.trustProxy,
      allowedHosts: request.allowedHosts,
      tls: tlsOf(request, (error) => log.warn(`${error.message}; the certificate in use stays`)),
      logger: log,
    });
    const { docs, openApi } = ownPathsOf(options);
    if (docs !== undefined && !bindings.some(({ template }) => template.text === "/")) app.get("/", (_, reply) => reply.redirect(docs));
    const { host, port } = request.listen;
    const address = await app.listen({ host, port, listenTextResolver: () => "serving HTTP" });
    const scheme = request.tlsCert === undefined ? "http" : "https";
    routes = formatRoutes(bindings, {
      address: `${scheme}://${named(address, host)}`,
      upstream: request.upstream.join(" and "),
      docs,
      openApi,
    });
  } catch (error) {
    for (const channel of [...channels, ...reflections]) channel.close();
    const message = explain(error, request);
    if (message === undefined) throw error;
    for (const line of message.split("\n")) process.stderr.write(`error: ${printable(line)}\n`);
    process.exitCode = 1;
    return;
  }

  let stopping = false;
  const stop = async (signal: "SIGHUP" | "SIGINT" | "SIGTERM") => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    log.info("shutting down; a second signal ends it at once");
    await app.close();
    for (const channel of [...channels, ...reflections]) channel.close();
    log.info("stopped");
  };
  process.on("SIGHUP", stop).on("SIGINT", stop).on("SIGTERM", stop);
  process.stdout.on("error", () => {}); // whoever reads the table may leave
  process.stdout.write(routes);
}

/** Makes further connections to one of the servers. */
function connectTo(request: GatewayRequest, index: number): () => Channel {
  return () => open(request.upstream[index] ?? "", request, false);
}

/** @param pool false: a connection of its own. */
function open(upstream: string, { tls, ca, cert, key, serverName, maxResponseBytes }: GatewayRequest, pool = true): Channel {
  const files: ClientTls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(serverName !== undefined && { serverName }),
  };
  const secure = tls || Object.keys(files).length > 0;
  const limits = maxResponseBytes === undefined ? {} : { maxReceiveMessageBytes: maxResponseBytes };
  return createChannel(upstream, { connectTimeoutMs: 5000, limits, pool, ...(secure && { tls: files }) });
}

/** Names the file in errors about what is in it. */
function inFile<Value>(file: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof RuleError || error instanceof DescriptorsError)
      throw new UsageError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

function pathsOf({ healthPath, docsPath, openapiPath }: GatewayRequest) {
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

/** The services to serve, by upstream. */
function select(descriptors: readonly Descriptors[], names: readonly string[] | undefined): Descriptors["services"][] {
  const all = descriptors.flatMap(({ services }) => services.map(({ typeName }) => typeName));
  const unknown = names?.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no service ${unknown}, but ${all.join(", ") || "none at all"}`);
  return descriptors.map(({ services }) =>
    names === undefined ? [...services] : services.filter(({ typeName }) => names.includes(typeName)),
  );
}

function tlsOf({ tlsCert, tlsKey, tlsCa }: GatewayRequest, onReloadError: (error: Error) => void) {
  return tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey, clientCa: tlsCa, onReloadError };
}

/** What was asked for, with the port that is bound. Fastify does not know of TLS that is below it: it always says http. */
function named(address: string, host: string): string {
  return `${host.includes(":") ? `[${host}]` : host}:${new URL(address).port || 80}`;
}

function explain(error: unknown, { listen }: GatewayRequest): string | undefined {
  const known = [UsageError, RuleError, TlsFileError, DescriptorsError, HeaderRuleError].some((kind) => error instanceof kind);
  if (known) return (error as Error).message;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `port ${listen.port} is already in use (${listen.host}:${listen.port})`;
  if (syscall === "listen" || syscall === "getaddrinfo") return `cannot listen on ${listen.host}:${listen.port}: ${code}`;
  if (code?.startsWith("ERR_OSSL") || syscall === "open") return `the certificate or its key cannot be used: ${message}`;
  return undefined;
}
