// A run of the command, from its arguments to its last signal.
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { printable } from "@grpc-study/command/printable";
import { createLogger } from "@grpc-study/log";
import { type Channel, type ClientTls, createChannel, TlsFileError } from "@grpc-study/rpc";
import type { FastifyInstance } from "fastify";
import { parse } from "yaml";
import { type Descriptors, DescriptorsError, readDescriptors, reflectServices } from "../descriptors.ts";
import { allBindings } from "../gateway.ts";
import { readRules } from "../http-rule/read-rules.ts";
import { RuleError } from "../http-rule/rule.ts";
import { createGateway } from "../server/create-gateway.ts";
import type { GatewayRequest } from "./cli.ts";
import { formatRoutes } from "./routes.ts";

/** What the operator can do something about. */
class UsageError extends Error {}

/** Serves until a signal comes. Sets the process's exit status: 1 if that cannot be done. */
export async function run(request: GatewayRequest): Promise<void> {
  const log = createLogger(request.logLevel);
  let channel: Channel | undefined;
  let app: FastifyInstance;
  let routes: string;
  try {
    channel = open(request);
    const descriptors = await describe(request, channel);
    const rules = request.rules === undefined ? undefined : readRules(parse(readFile(request.rules).toString()));
    const { fieldNames, emitDefaults = false, refuseUnknown = false, unbound = false } = request;
    const options = { services: select(descriptors, request.service), rules, unbound };
    const bindings = allBindings(options);
    if (bindings.length === 0) {
      throw new UsageError(`no method of ${request.upstream} has a google.api.http rule: give some with --rules, or use --unbound`);
    }
    app = await createGateway({
      ...options,
      upstream: channel,
      registry: descriptors.registry,
      json: { fieldNames, emitDefaults, ignoreUnknownFields: !refuseUnknown },
      refuseUnknownParameters: refuseUnknown,
      bodyLimit: request.bodyLimit,
      elementLimit: request.elementLimit,
      bodyTimeoutMs: request.bodyTimeout,
      timeoutMs: request.timeout,
      graceMs: request.grace,
      limits: {
        maxHeaderBytes: request.maxHeaderBytes,
        headersTimeoutMs: request.headersTimeout,
        maxConnections: request.maxConnections,
        maxConcurrentStreams: request.maxStreams,
      },
      cors: request.cors,
      trustProxy: request.trustProxy,
      openApi: request.openapi && (request.title === undefined ? {} : { title: request.title }),
      tls: tlsOf(request, (error) => log.warn(`${error.message}; the certificate in use stays`)),
      logger: log,
    });
    const { host, port } = request.listen;
    const address = await app.listen({ host, port, listenTextResolver: () => "serving HTTP" });
    const scheme = request.tlsCert === undefined ? "http" : "https";
    routes = formatRoutes(bindings, {
      address: `${scheme}://${named(address, host)}`,
      upstream: request.upstream,
      openApi: request.openapi,
    });
  } catch (error) {
    channel?.close();
    const message = explain(error, request);
    if (message === undefined) throw error;
    process.stderr.write(`error: ${printable(message)}\n`);
    process.exitCode = 1;
    return;
  }

  let stopping = false;
  const stop = async (signal: "SIGHUP" | "SIGINT" | "SIGTERM") => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    log.info("shutting down; a second signal ends it at once");
    await app.close();
    channel.close();
    log.info("stopped");
  };
  process.on("SIGHUP", stop).on("SIGINT", stop).on("SIGTERM", stop);
  process.stdout.on("error", () => {}); // whoever reads the table may leave
  process.stdout.write(routes);
}

function open({ upstream, tls, ca, cert, key, serverName }: GatewayRequest): Channel {
  const files: ClientTls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(serverName !== undefined && { serverName }),
  };
  const secure = tls || Object.keys(files).length > 0;
  // grpc-js gives the host as the TLS server name, an IP address too, of which Node disapproves on stderr.
  if (secure) process.noDeprecation = true;
  return createChannel(upstream, { connectTimeoutMs: 5000, ...(secure && { tls: files }) });
}

function describe({ descriptors }: GatewayRequest, channel: Channel): Promise<Descriptors> | Descriptors {
  return descriptors === undefined ? reflectServices(channel) : readDescriptors(readFile(descriptors));
}

function readFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`cannot read ${file}: ${code === "ENOENT" ? "there is no such file" : code}`, { cause: error });
  }
}

function select({ services }: Descriptors, names: readonly string[] | undefined): Descriptors["services"] {
  const unknown = names?.find((name) => !services.some(({ typeName }) => typeName === name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no service ${unknown}, but ${services.map(({ typeName }) => typeName).join(", ") || "none at all"}`);
  }
  return names === undefined ? services : services.filter(({ typeName }) => names.includes(typeName));
}

function tlsOf({ tlsCert, tlsKey, tlsCa }: GatewayRequest, onReloadError: (error: Error) => void) {
  return tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey, clientCa: tlsCa, onReloadError };
}

/** What was asked for, with the port that is bound. Fastify does not know of TLS that is below it: it always says http. */
function named(address: string, host: string): string {
  return `${host.includes(":") ? `[${host}]` : host}:${new URL(address).port || 80}`;
}

function explain(error: unknown, { listen, descriptors }: GatewayRequest): string | undefined {
  if (error instanceof UsageError || error instanceof RuleError || error instanceof TlsFileError) return error.message;
  if (error instanceof DescriptorsError) return descriptors === undefined ? error.message : `${descriptors}: ${error.message}`;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `port ${listen.port} is already in use (${listen.host}:${listen.port})`;
  if (syscall === "listen" || syscall === "getaddrinfo") return `cannot listen on ${listen.host}:${listen.port}: ${code}`;
  if (code?.startsWith("ERR_OSSL") || syscall === "open") return `the certificate or its key cannot be used: ${message}`;
  return (error as Error).name === "YAMLParseError" ? `the rules are no YAML: ${message.split("\n")[0]}` : undefined;
}
