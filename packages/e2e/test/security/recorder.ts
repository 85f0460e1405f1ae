// A TCP proxy on loopback that records all bytes on the wire.
import { connect, type Socket } from "node:net";
import { listenTcp, type TcpServer } from "../harness/ports.ts";

export interface Recorder extends AsyncDisposable {
  readonly address: string;
  /** The number of connections so far. */
  readonly connections: number;
  /** All bytes of all connections, in both directions. */
  readonly bytes: Buffer;
  /** Closes all connections, as a network failure does. */
  cut(): void;
}

/**
 * @param target the address to forward the bytes to. Without it, the proxy records the bytes and
 * never responds.
 */
export async function record(target?: string): Promise<Recorder> {
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => chunks.push(bytes));
  };
  const server: TcpServer = await listenTcp((socket) => {
    connections += 1;
    keep(socket);
    if (target === undefined) return;
    const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(target) ?? [];
    const upstream = connect({ host, port: Number(port) });
    keep(upstream);
    socket.pipe(upstream).pipe(socket);
    socket.on("close", () => upstream.destroy());
    upstream.on("close", () => socket.destroy());
  });
  return {
    address: `127.0.0.1:${server.port}`,
    get connections() {
      return connections;
    },
    get bytes() {
      return Buffer.concat(chunks);
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
