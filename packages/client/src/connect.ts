// Creates the channel to the server.
import { join } from "node:path";
import { type Channel, type ClientTls, createChannel } from "@grpc-study/rpc";
import { CommanderError } from "commander";

export interface ConnectOptions {
  /** `host:port` */
  readonly addr: string;
  /** The transport that carries the calls. */
  readonly transport: TransportName;
  /** Milliseconds until an attempt to connect fails. */
  readonly connectTimeout: number;
  /** Use TLS with the CA of the folder. */
  readonly tls?: true;
  /** Use mutual TLS with the CA and the client certificate of the folder. */
  readonly mtls?: true;
  /** The folder with `ca.pem`, `client.pem` and `client.key`. */
  readonly certs: string;
  /** Files that replace the folder's. Each implies TLS. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must contain. Implies TLS. */
  readonly serverName?: string;
}

/** The values of `--transport`. The first is the default. */
export const transportNames = ["http2", "grpc-js"] as const;

export type TransportName = (typeof transportNames)[number];

/** Creates a channel, which connects with the first call. */
export async function connect(options: ConnectOptions): Promise<Channel> {
  const tls = tlsOf(options);
  const { addr, connectTimeout: connectTimeoutMs } = options;
  return options.transport === "http2" ? createChannel(addr, { connectTimeoutMs, tls }) : connectByGrpcJs(addr, connectTimeoutMs, tls);
}

/** Loads grpc-js only if it is asked for. */
async function connectByGrpcJs(addr: string, connectTimeoutMs: number, tls: ClientTls | undefined): Promise<Channel> {
  const { Channel: GrpcJsChannel, credentials, logVerbosity, setLogVerbosity } = await import("@grpc/grpc-js");
  const { grpcJsChannel, grpcJsCredentials } = await import("@grpc-study/rpc/grpc-js");
  setLogVerbosity(logVerbosity.NONE);
  // grpc-js passes the host as the TLS server name even if it is an IP address, for which Node
  // prints a deprecation warning.
  if (tls !== undefined) process.noDeprecation = true;
  const { serverName: name, ...certificates } = tls ?? {};
  const channel = new GrpcJsChannel(addr, tls === undefined ? credentials.createInsecure() : grpcJsCredentials(certificates), {
    ...(name !== undefined && { "grpc.ssl_target_name_override": name, "grpc.default_authority": name }),
  });
  return grpcJsChannel(channel, { secure: tls !== undefined, connectTimeoutMs });
}

function tlsOf({ tls, mtls, certs, ca, cert, key, serverName }: ConnectOptions): ClientTls | undefined {
  if ((cert === undefined) !== (key === undefined)) throw new CommanderError(2, "client.tls", "--cert and --key must be given together");
  if (![tls, mtls, ca, cert, serverName].some((option) => option !== undefined)) return undefined;
  const identity =
    cert !== undefined && key !== undefined ? { cert, key } : mtls && { cert: join(certs, "client.pem"), key: join(certs, "client.key") };
  return { ca: ca ?? join(certs, "ca.pem"), ...identity, ...(serverName !== undefined && { serverName }) };
}
