// The log in NATS JetStream: one stream, with a subject for each topic.
import { type ConnectionOptions, connect, type NatsConnection } from "@nats-io/transport-node";
import { checkCount } from "../checks.ts";
import type { Live } from "../live.ts";
import { liveOver } from "../live-over.ts";
import type { Wakes } from "../wakes.ts";
import { NatsLog } from "./nats-log.ts";
import { NatsWakes } from "./nats-wakes.ts";

export interface NatsLiveOptions {
  /** The stream that keeps the entries; created without limits if it is missing. Default: `LIVE`. */
  readonly stream?: string;
  /** The first token of the subjects. Default: `live`. */
  readonly prefix?: string;
  /** How many servers of a cluster keep an entry, 1 to 5, if the stream is created. Default: 1. */
  readonly replicas?: number;
}

/**
 * Where the log is: the URLs of servers, separated by commas, or a connection that the caller closes.
 * A URL is `nats://host:4222`, `nats://user:password@host`, `nats://token@host`, or begins with `tls:`.
 */
export type NatsTarget = { readonly url: string } | { readonly connection: NatsConnection };

/**
 * A log in NATS JetStream, of nats-server 2.9 or later. The connection opens with the first call, and
 * reconnects until `close`. Positions are the stream's sequence numbers.
 *
 * A server that crashes with its machine may lose the last entries, unless the cluster keeps replicas
 * or the server's `sync_interval` is `always`.
 */
export function natsLive(target: NatsTarget, options: NatsLiveOptions = {}): Live {
  const { stream = "LIVE", prefix = "live", replicas = 1 } = options;
  checkName("stream", stream);
  checkName("prefix", prefix);
  checkCount("replicas", replicas, 5);
  const connection = "url" in target ? openerOf(target.url) : async () => target.connection;
  return liveOver(new NatsLog({ connect: connection, closeConnection: "url" in target, stream, prefix, replicas }));
}

/**
 * Wake-ups for a log that is elsewhere, over core NATS: `announce` publishes on a subject of each topic.
 *
 * @param prefix The first token of the subjects.
 */
export function natsWakes({ url }: { readonly url: string }, prefix: string): Wakes {
  checkName("prefix", prefix);
  // A process wakes itself up.
  return new NatsWakes(openerOf(url, { noEcho: true }), prefix);
}

function openerOf(url: string, more: ConnectionOptions = {}): () => Promise<NatsConnection> {
  const options = {
    ...serversOf(url),
    ...more,
    name: "live",
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    // A server that vanishes without closing the connection is noticed after two pings.
    pingInterval: 5_000,
    timeout: 5_000,
  };
  return () => connect(options);
}

/** The servers and the credentials of URLs. The client of NATS does not read those of URLs itself. */
function serversOf(text: string): ConnectionOptions {
  const urls = text.split(",").map((url) => {
    const parsed = URL.parse(url);
    // The message has no URL, which may have a password.
    if (parsed === null || !/^(nats|tls):$/.test(parsed.protocol) || parsed.host === "")
      throw new RangeError("url must be URLs such as nats://host:4222, separated by commas");
    if (parsed.username === "" && parsed.password !== "") throw new RangeError("url must not have a password without a user");
    return parsed;
  });
  const { username, password } = urls.find(({ username }) => username !== "") ?? { username: "", password: "" };
  const [user, pass] = [decoded(username), decoded(password)];
  return {
    servers: urls.map(({ host }) => host),
    ...(user !== "" && (pass === "" ? { token: user } : { user, pass })),
    ...(urls.some(({ protocol }) => protocol === "tls:") && { tls: {} }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError("url must have each % of its user and password as %25");
  }
}

function checkName(name: string, text: string): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(text)) throw new RangeError(`${name} must be 1 to 64 letters, digits, - or _, got ${text}`);
}
