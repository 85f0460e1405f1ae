// A client process that makes exchanges on command.
import type { Target } from "../peers/peer.ts";
import type { Serve } from "../process/hosted.ts";
import type { ConnectEcho, EchoConnection } from "./echo-peer.ts";
import { type Exchange, type ExchangeName, exchanges } from "./exchange.ts";

export interface Exchanges extends Target {
  readonly exchange: ExchangeName;
  readonly connections: number;
  /** Number of exchanges in flight on all connections. */
  readonly inFlight: number;
  readonly milliseconds: number;
}

/** @param peer a folder with a `client.ts`. */
export const serve: Serve<string, null> = async (peer) => {
  const { connect } = (await import(new URL(`./${peer}/client${extension}`, import.meta.url).href)) as { connect: ConnectEcho };
  const held: EchoConnection[] = [];
  return {
    ready: null,
    commands: {
      check: ({ names, ...target }: Target & { names: readonly ExchangeName[] }) => check(connect, names, target),
      throughput: (options: Exchanges) => throughput(connect, options),
      async hold({ streams, ...target }: Target & { streams: number }) {
        for (let opened = 0; opened < streams; opened += streamsPerConnection) {
          const connection = await connect(target);
          held.push(connection);
          const count = Math.min(streamsPerConnection, streams - opened);
          await Promise.all(Array.from({ length: count }, () => connection.hold()));
        }
      },
      release() {
        for (const connection of held.splice(0)) connection.close();
      },
    },
  };
};

const extension = import.meta.url.slice(-3);

/**
 * The number of streams that gRPC clients open on a connection: grpc-go and nghttp2 open 100 until
 * they know the server's limit.
 */
export const streamsPerConnection = 100;

/** Makes one exchange of each kind on a new connection. Rejects if a response differs by a byte. */
async function check(connect: ConnectEcho, names: readonly ExchangeName[], target: Target): Promise<void> {
  for (const name of names) {
    const exchange = exchanges[name];
    const connection = await connect(target);
    const chunks: Buffer[] = [];
    await one(connection, exchange, (chunk) => chunks.push(chunk));
    connection.close();
    if (!Buffer.concat(chunks).equals(exchange.response)) throw new Error(`${name}: unexpected response bytes`);
  }
}

function one(connection: EchoConnection, exchange: Exchange, onData?: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.exchange(exchange, (error) => (error ? reject(error) : resolve()), onData);
  });
}

/** Exchanges per second at a constant number in flight. */
async function throughput(
  connect: ConnectEcho,
  { exchange: name, connections, inFlight, milliseconds, ...target }: Exchanges,
): Promise<number> {
  const exchange = exchanges[name];
  const opened = await Promise.all(Array.from({ length: connections }, () => connect(target)));
  for (const connection of opened) await one(connection, exchange);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const start = performance.now();
  let seconds = 0;
  let count = 0;
  let running = inFlight;
  setTimeout(() => {
    seconds = (performance.now() - start) / 1000;
  }, milliseconds);
  for (let i = 0; i < inFlight; i++) {
    const connection = opened[i % connections] as EchoConnection;
    const onEnd = (error?: Error): void => {
      if (error) reject(error);
      else if (seconds === 0) {
        count++;
        connection.exchange(exchange, onEnd);
      } else if (--running === 0) resolve();
    };
    connection.exchange(exchange, onEnd);
  }
  await promise;
  for (const connection of opened) connection.close();
  return count / seconds;
}
