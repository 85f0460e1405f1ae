// Starts topics: all that are asked for, or none.
import {
  createServer,
  ListenError,
  methodPath,
  type Server,
  type ServerOptions,
  type ServerTls,
  type ShutdownOptions,
  TlsFileError,
} from "@grpc-study/rpc";
import { validate } from "@grpc-study/rpc/validate";
import type { Logger } from "pino";
import { accessControl, type Security, usesTls, usesTokens } from "./access.ts";
import { logCalls, logFailures } from "./logging.ts";
import type { Listener, Topic } from "./topic.ts";
import { UserList } from "./user-list.ts";

/** The PEM files of the server: its certificate and key, and the CA whose clients mutual TLS lets in. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface ServeOptions {
  /** A name or an address; IPv6 without brackets. Default `localhost`, which is the loopback address of IPv4 and of IPv6. */
  readonly host?: string | undefined;
  /** Instead of the first listener's own port; a topic's further listeners take the next ones. 0: whatever is free. */
  readonly port?: number | undefined;
  /** One listener a topic, protected like this, instead of the topic's own. It has the port of the first. */
  readonly security?: Security | undefined;
  /** Who may call with a token, instead of the topic's own users. */
  readonly users?: UserList | undefined;
  /** What carries the calls. Default: HTTP/2. */
  readonly transport?: ServerOptions["transport"];
  /** Where the certificates are; asked once, if a listener needs them. */
  readonly tls?: () => Promise<TlsFiles>;
  readonly log: Logger;
}

/** What is served where. */
export interface Endpoint {
  readonly topic: string;
  /** `host:port`, as it was asked for, with the port that is bound. */
  readonly address: string;
  /** The full names of the topic's services. */
  readonly services: readonly string[];
  readonly security: Security | "HTTP, plaintext";
}

export interface Serving {
  readonly endpoints: readonly Endpoint[];
  /** Ends all servers; running calls may finish, for ten seconds unless told otherwise. Logs those it had to cut. */
  shutdown(options?: ShutdownOptions): Promise<void>;
}

/** A topic cannot be served. The message is one line, for whoever started it. */
export class StartError extends Error {
  static {
    StartError.prototype.name = "StartError";
  }
}

/**
 * Serves topics, with reflection and health, each listener on a server of its own. Resolves once all listen.
 *
 * @throws StartError if one cannot; the others are ended then.
 */
export async function serve(topics: readonly Topic[], options: ServeOptions): Promise<Serving> {
  const { host = "localhost", port, log } = options;
  const servers: Server[] = [];
  const endpoints: Endpoint[] = [];
  let files: Promise<TlsFiles> | undefined;

  const shutdown = async (shutdownOptions?: ShutdownOptions) => {
    options.users?.close();
    const reports = await Promise.all(servers.map((server) => server.shutdown(shutdownOptions)));
    for (const { method, peer, how } of reports.flatMap(({ cut }) => cut)) {
      log.warn({ method: methodPath(method), peer, how }, "call cut off");
    }
  };

  const start = async (topic: Topic, { port, security }: Listener) => {
    const topicLog = log.child({ topic: topic.name });
    const list = options.users ?? new UserList(topic.users ?? []);
    if (usesTokens(security) && list.users.length === 0) {
      throw new StartError(`topic ${topic.name}: nobody may call with a token: name users with --users or GRPC_STUDY_USERS`);
    }
    if (usesTls(security)) files ??= options.tls?.();
    const services = topic.services(topicLog);
    const server = createServer({
      reflection: true,
      interceptors: [logCalls(topicLog), ...accessControl(security, list), validate()],
      onError: logFailures(topicLog),
      transport: options.transport,
    });
    server.add(...services);
    servers.push(server);
    const { address } = await server.listen(
      formatAddress(host, port),
      tlsOf(security, await files, options.transport === undefined ? topicLog : undefined),
    );
    endpoints.push({ topic: topic.name, address, services: services.map(({ service }) => service.typeName), security });
  };

  for (const topic of topics) {
    const [first] = topic.listeners;
    const listeners = options.security && first ? [{ ...first, security: options.security }] : topic.listeners;
    for (const [index, listener] of listeners.entries()) {
      const wanted = port === undefined ? listener.port : port && port + index;
      try {
        await start(topic, { ...listener, port: wanted });
      } catch (error) {
        await shutdown({ graceMs: 0 });
        throw startError(topic, wanted, error);
      }
    }
  }
  return { endpoints, shutdown };
}

function formatAddress(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** @param log where failures to renew certificates go; undefined if the transport does not renew them. */
function tlsOf(security: Security, files: TlsFiles | undefined, log: Logger | undefined): ServerTls | undefined {
  if (!usesTls(security)) return undefined;
  if (files === undefined) throw new TlsFileError("there are no certificates");
  const { cert, key, ca } = files;
  const onReloadError = log && ((error: TlsFileError) => log.warn(`${error.message}; the certificate in use stays`));
  return security === "mutual TLS" ? { cert, key, clientCa: ca, onReloadError } : { cert, key, onReloadError };
}

/** What the operator can do something about is one line; the rest is a bug, and stays what it is. */
function startError(topic: Topic, port: number, error: unknown): unknown {
  if (error instanceof ListenError) {
    const problem = error.code === "EADDRINUSE" ? `port ${port} is already in use (${error.address})` : error.message;
    return new StartError(`topic ${topic.name}: ${problem}`, { cause: error });
  }
  if (error instanceof TlsFileError) return new StartError(`topic ${topic.name}: ${error.message}`, { cause: error });
  return error;
}
