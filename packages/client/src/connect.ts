// The one place where a channel is made: how the client reaches a server.
import { type Channel, createChannel } from "@grpc-study/rpc";

export interface ConnectOptions {
  /** `host:port` */
  readonly addr: string;
  /** How long a peer may take to finish the connection, in milliseconds. */
  readonly connectTimeout: number;
}

/** Opens a channel, without TLS. It connects with the first call. */
export function connect({ addr, connectTimeout }: ConnectOptions): Channel {
  return createChannel(addr, { connectTimeoutMs: connectTimeout });
}
