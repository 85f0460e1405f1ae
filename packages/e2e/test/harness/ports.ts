// Plain TCP servers: occupied ports, and peers that do not speak HTTP/2.
import { once } from "node:events";
import { type AddressInfo, createServer, type ListenOptions, type Socket } from "node:net";

export interface TcpServer extends AsyncDisposable {
  readonly port: number;
}

/** Listens on a port that the system assigns. */
export async function listenTcp(
  onConnection: (socket: Socket) => void,
  options: ListenOptions = { host: "127.0.0.1" },
): Promise<TcpServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen({ port: 0, ...options });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/**
 * Returns a port on which nothing listens. The system has just released it, and does not reuse it
 * soon.
 */
export async function closedPort(): Promise<number> {
  await using server = await listenTcp(() => {});
  return server.port;
}
