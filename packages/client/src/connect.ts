// The one place where a channel is made: how the client reaches a server.
import { join } from "node:path";
import { type Channel, type ClientTls, createChannel } from "@grpc-study/rpc";
import { CommanderError } from "commander";

export interface ConnectOptions {
  /** `host:port` */
  readonly addr: string;
  /** What carries the calls. */
  readonly transport: TransportName;
  /** How long a peer may take to finish the connection, in milliseconds. */
  readonly connectTimeout: number;
  /** TLS, with the CA of the folder. */
  readonly tls?: true;
  /** Mutual TLS, with the CA and the client certificate of the folder. */
  readonly mtls?: true;
  /** The folder with `ca.pem`, `client.pem` and `client.key`. */
  readonly certs: string;
  /** Files instead of the folder's. Naming one means TLS. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must have. Naming one means TLS. */
  readonly serverName?: string;
}

/** What `--transport` takes. The first is the default. */
export const transportNames = ["http2", "grpc-js"] as const;

export type TransportName = (typeof transportNames)[number];

/** Opens a channel. It connects with the first call. */
export async function connect(options: ConnectOptions): Promise<Channel> {
  const tls = tlsOf(options);
  const { addr, connectTimeout: connectTimeoutMs } = options;
  return options.transport === "http2" ? createChannel(addr, { connectTimeoutMs, tls }) : connectByGrpcJs(addr, connectTimeoutMs, tls);
}

/** grpc-js is loaded only if it is asked for. */
async function connectByGrpcJs(addr: string, connectTimeoutMs: number, tls: ClientTls | undefined): Promise<Channel> {
  const { Channel: GrpcJsChannel, credentials, logVerbosity, setLogVerbosity } = await import("@grpc/grpc-js");
  const { grpcJsChannel, grpcJsCredentials } = await import("@grpc-study/rpc/grpc-js");
  setLogVerbosity(logVerbosity.NONE);
  // grpc-js gives the host as the TLS server name, an IP address too, of which Node disapproves on stderr.
  if (tls !== undefined) process.noDeprecation = true;
  const { serverName: name, ...certificates } = tls ?? {};
  const channel = new GrpcJsChannel(addr, tls === undefined ? credentials.createInsecure() : grpcJsCredentials(certificates), {
    ...(name !== undefined && { "grpc.ssl_target_name_override": name, "grpc.default_authority": name }),
  });
  return grpcJsChannel(channel, { secure: tls !== undefined, connectTimeoutMs });
}

function tlsOf({ tls, mtls, certs, ca, cert, key, serverName }: ConnectOptions): ClientTls | undefined {
  if ((cert === undefined) !== (key === undefined)) throw new CommanderError(2, "client.tls", "--cert and --key go together");
  if (![tls, mtls, ca, cert, serverName].some((option) => option !== undefined)) return undefined;
  const identity =
    cert !== undefined && key !== undefined ? { cert, key } : mtls && { cert: join(certs, "client.pem"), key: join(certs, "client.key") };
  return { ca: ca ?? join(certs, "ca.pem"), ...identity, ...(serverName !== undefined && { serverName }) };
}
