// Starts topics: all of them, or none.
import type { DescFile, DescService } from "@bufbuild/protobuf";
import {
  createServer,
  ListenError,
  methodPath,
  type Server,
  type ServerInterceptor,
  type ServerOptions,
  type ServerTls,
  type ShutdownOptions,
  TlsFileError,
} from "@grpc-study/rpc";
import type { Logger } from "pino";
import { accessControl, type Security, usesTls, usesTokens } from "./access.ts";
import { type Admin, serveAdmin } from "./admin.ts";
import type { ProcessStore } from "./data/store-source.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Front } from "./front.ts";
import type { ProcessLive } from "./live/live-source.ts";
import { logCalls, logFailures } from "./logging.ts";
import { noSources, type Sources } from "./sources.ts";
import { StartError } from "./start-error.ts";
import type { CallTelemetry } from "./telemetry.ts";
import type { TlsFiles } from "./tls-files.ts";
import { type HttpListener, type HttpListening, isHttp, type Listener, listenersOf, type Topic } from "./topic.ts";
import { UserList } from "./user-list.ts";

export interface ServeOptions {
  /**
   * A name or an address; IPv6 without brackets. Default: `localhost`, which means loopback over
   * IPv4 and IPv6.
   */
  readonly host?: string | undefined;
  /**
   * Replaces the port of the first listener; a topic's further listeners take the next ports. 0
   * takes free ports.
   */
  readonly port?: number | undefined;
  /**
   * Protects one gRPC listener for each topic in this way, instead of the topic's own gRPC
   * listeners.
   */
  readonly security?: Security | undefined;
  /** The users who may call with a token, instead of the topic's own. */
  readonly users?: UserList | undefined;
  /** The transport that carries the calls. Default: HTTP/2. */
  readonly transport?: ServerOptions["transport"];
  /** Returns the certificates. Called once, if a listener needs them. */
  readonly tls?: () => Promise<TlsFiles>;
  /** An HTTP server in front of all topics. Default: none. */
  readonly front?: Front | undefined;
  /** Serves channelz to operators at this address. Default: off. */
  readonly admin?: string | undefined;
  /** Traces and measures the calls. Default: off. */
  readonly telemetry?: CallTelemetry | undefined;
  /**
   * The store of topics that keep data. It opens once all topics listen, and closes with them.
   */
  readonly store?: ProcessStore | undefined;
  /** The log of live entries. It opens and closes as the store does. */
  readonly live?: ProcessLive | undefined;
  readonly log: Logger;
}

export interface Serving {
  readonly endpoints: readonly Endpoint[];
  /**
   * Ends all servers. Running calls may finish within ten seconds, or `graceMs`. Logs the calls
   * that it cuts off.
   */
  shutdown(options?: ShutdownOptions): Promise<void>;
}

/**
 * Serves topics, each listener on a server of its own; gRPC servers have reflection and health.
 * Resolves once all listen.
 *
 * @throws StartError if one of them cannot listen. The others are ended before.
 */
export async function serve(topics: readonly Topic[], options: ServeOptions): Promise<Serving> {
  const { host = "localhost", port, front, telemetry, store, live, log } = options;
  const servers: Server[] = [];
  const gateways: HttpListening[] = [];
  const endpoints: Endpoint[] = [];
  const served = new Map<string, readonly DescService[]>();
  let admin: Admin | undefined;
  let files: Promise<TlsFiles> | undefined;
  const closing = new AbortController();
  const sources: Sources = { store: store ?? noSources.store, live: live ?? noSources.live, closing: closing.signal };

  const shutdown = async (shutdownOptions?: ShutdownOptions) => {
    closing.abort();
    // Gateways end first: they call the servers.
    await Promise.all(gateways.map((gateway) => gateway.shutdown()));
    options.users?.close();
    const reports = await Promise.all(servers.map((server) => server.shutdown(shutdownOptions)));
    for (const { method, peer, how } of reports.flatMap(({ cut }) => cut)) {
      log.warn({ method: methodPath(method), peer, how }, "call cut off");
    }
    await Promise.all([store?.close(), live?.close()]);
    // Last, so that it shows what the others still do.
    await admin?.server.shutdown({ graceMs: 0 });
  };

  const startServer = async (topic: Topic, { port, security }: Listener) => {
    const topicLog = log.child({ topic: topic.name });
    const list = options.users ?? new UserList(topic.users ?? []);
    if (usesTokens(security) && list.users.length === 0) {
      throw new StartError("no user may call with a token: name users with --users or GRPC_STUDY_USERS");
    }
    if (usesTls(security)) files ??= options.tls?.();
    if (topic.keepsData && store === undefined) throw new StartError("there is no store for its data");
    const services = topic.services(topicLog, sources);
    const server = createServer({
      reflection: true,
      interceptors: [
        ...(telemetry === undefined ? [] : [telemetry.interceptor]),
        logCalls(topicLog, telemetry?.fields),
        ...accessControl(security, list),
        ...(services.some(({ service }) => hasRules(service.file)) ? [await rules()] : []),
      ],
      onError: logFailures(topicLog, telemetry?.fields),
      transport: options.transport,
    });
    server.add(...services);
    servers.push(server);
    served.set(
      topic.name,
      services.map(({ service }) => service),
    );
    const report = (services: readonly DescService[]) => (serving: boolean) => {
      for (const { typeName } of services) server.health.set(typeName, serving ? "SERVING" : "NOT_SERVING");
    };
    if (topic.keepsData) store?.onChange(report(services.map(({ service }) => service)));
    if (topic.usesLive !== undefined) sources.live.onChange(report(topic.usesLive));
    const { address } = await server.listen(
      formatAddress(host, port),
      tlsOf(security, await files, options.transport === undefined ? topicLog : undefined),
    );
    endpoints.push({ topic: topic.name, address, services: services.map(({ service }) => service.typeName), security });
  };

  const startGateway = async ({ name: topic }: Topic, { port, security, ...listener }: HttpListener) => {
    const upstreams = endpoints.filter((endpoint) => endpoint.topic === topic);
    const gateway = await listener.listen({
      host,
      port,
      upstreams,
      tls: await files,
      telemetry: telemetry !== undefined,
      log: log.child({ topic }),
    });
    gateways.push(gateway);
    endpoints.push({ topic, address: formatAddress(host, gateway.port), services: gateway.services, security });
  };

  const startFront = async ({ name, ...front }: Front, port: number) => {
    const fronted = topics.map(({ name, summary }) => ({
      name,
      summary,
      services: served.get(name) ?? [],
      upstreams: endpoints.filter(({ topic, security }) => topic === name && security !== "HTTP, plaintext"),
    }));
    const listening = await front.listen({
      host,
      port,
      topics: fronted,
      tls: await files,
      telemetry: telemetry !== undefined,
      log,
    });
    gateways.push(listening);
    endpoints.push({
      topic: name,
      address: formatAddress(host, listening.port),
      services: listening.services,
      security: "HTTP, plaintext",
    });
  };

  for (const topic of topics) {
    for (const [index, listener] of listenersOf(topic, options.security).entries()) {
      const wanted = portOf(listener, port, index);
      try {
        checkPort(wanted);
        if (isHttp(listener)) await startGateway(topic, { ...listener, port: wanted });
        else await startServer(topic, { ...listener, port: wanted });
      } catch (error) {
        await shutdown({ graceMs: 0 });
        throw startError(`topic ${topic.name}`, wanted, error);
      }
    }
  }
  if (front !== undefined) {
    const listeners = topics.reduce((sum, topic) => sum + listenersOf(topic, options.security).length, 0);
    const wanted = portOf(front, port, listeners);
    try {
      checkPort(wanted);
      await startFront(front, wanted);
    } catch (error) {
      await shutdown({ graceMs: 0 });
      const problem = startError(front.name, wanted, error);
      throw problem instanceof StartError
        ? new StartError(`${problem.message}; --no-${front.name} serves without it`, { cause: error })
        : problem;
    }
  }
  if (options.admin !== undefined) {
    try {
      admin = await serveAdmin(options.admin);
    } catch (error) {
      await shutdown({ graceMs: 0 });
      throw startError("--admin", undefined, error);
    }
    endpoints.push(admin.endpoint);
  }
  store?.open();
  live?.open();
  return { endpoints, shutdown };
}

/** The port of a listener: its own, or the one that `--port` says for the listener with an index. */
function portOf(listener: { readonly port: number }, first: number | undefined, index: number): number {
  if (first === undefined) return listener.port;
  return first === 0 ? 0 : first + index;
}

/** @throws StartError for a port that follows the last one. */
function checkPort(port: number): void {
  if (port > 65535) throw new StartError(`it needs the port ${port}, but the last one is 65535: use a lower --port`);
}

function formatAddress(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * @param log receives failures to renew certificates; `undefined` if the transport does not renew
 * them.
 */
function tlsOf(security: Security, files: TlsFiles | undefined, log: Logger | undefined): ServerTls | undefined {
  if (!usesTls(security)) return undefined;
  if (files === undefined) throw new TlsFileError("there are no certificates");
  const { cert, key, ca } = files;
  const onReloadError = log && ((error: TlsFileError) => log.warn(`${error.message}; the current certificate stays in use`));
  return security === "mutual TLS" ? { cert, key, clientCa: ca, onReloadError } : { cert, key, onReloadError };
}

/**
 * Turns an error that the operator can correct into one line. Other errors are bugs, and are
 * returned unchanged.
 */
function startError(what: string, port: number | undefined, error: unknown): unknown {
  const expected = error instanceof ListenError || error instanceof TlsFileError || error instanceof StartError;
  if (!expected) return error;
  const inUse = port !== undefined && error instanceof ListenError && error.code === "EADDRINUSE";
  const problem = inUse ? `port ${port} is already in use (${error.address})` : error.message;
  return new StartError(`${what}: ${problem}`, { cause: error });
}

function hasRules(file: DescFile): boolean {
  return file.dependencies.some((imported) => imported.name === "buf/validate/validate" || hasRules(imported));
}

/** Checks requests by the rules of the .proto files. Only topics with rules load the checker, which is large. */
async function rules(): Promise<ServerInterceptor> {
  const { validate } = await import("@grpc-study/rpc/validate");
  return validate();
}
