// Starts topics: all that are asked for, or none.
import { createServer, ListenError, methodPath, type Server, type ShutdownOptions, serviceOf } from "@grpc-study/rpc";
import type { Logger } from "pino";
import { logCalls, logFailures } from "./logging.ts";
import type { Listener, Topic } from "./topic.ts";

export interface ServeOptions {
  /** A name or an address; IPv6 without brackets. Default `localhost`, which is the loopback address of IPv4 and of IPv6. */
  readonly host?: string | undefined;
  /** Instead of the first listener's own port; a topic's further listeners take the next ones. 0: whatever is free. */
  readonly port?: number | undefined;
  readonly log: Logger;
}

/** What is served where. */
export interface Endpoint {
  readonly topic: string;
  /** `host:port`, as it was asked for, with the port that is bound. */
  readonly address: string;
  /** The full names of the topic's services. */
  readonly services: readonly string[];
  readonly security: Listener["security"];
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
export async function serve(topics: readonly Topic[], { host = "localhost", port, log }: ServeOptions): Promise<Serving> {
  const servers: Server[] = [];
  const endpoints: Endpoint[] = [];

  const shutdown = async (options?: ShutdownOptions) => {
    const reports = await Promise.all(servers.map((server) => server.shutdown(options)));
    for (const { method, peer, how } of reports.flatMap(({ cut }) => cut)) {
      log.warn({ method: methodPath(method), peer, how }, "call cut off");
    }
  };

  for (const topic of topics) {
    const topicLog = log.child({ topic: topic.name });
    for (const [index, listener] of topic.listeners.entries()) {
      const services = topic.services(topicLog);
      const server = createServer({ reflection: true, interceptors: [logCalls(topicLog)], onError: logFailures(topicLog) });
      server.add(...services);
      servers.push(server);

      const wanted = port === undefined ? listener.port : port && port + index;
      try {
        const { address } = await server.listen(`${host.includes(":") ? `[${host}]` : host}:${wanted}`);
        endpoints.push({
          topic: topic.name,
          address,
          services: services.map((service) => serviceOf(service).typeName),
          security: listener.security,
        });
      } catch (error) {
        await shutdown({ graceMs: 0 });
        if (!(error instanceof ListenError)) throw error;
        const problem = error.code === "EADDRINUSE" ? `port ${wanted} is already in use (${error.address})` : error.message;
        throw new StartError(`topic ${topic.name}: ${problem}`, { cause: error });
      }
    }
  }
  return { endpoints, shutdown };
}
