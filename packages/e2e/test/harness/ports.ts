// Plain TCP servers: occupied ports, and peers that do not speak HTTP/2.
import { randomInt } from "node:crypto";
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

/** Ports below those that systems assign to connections and to servers on port 0. */
const unassigned = { first: 10_000, count: 20_000 };

/** Returns a port on which nothing listens. Other tests, whose ports the system assigns, do not take it. */
export async function closedPort(): Promise<number> {
  for (;;) {
    const port = unassigned.first + randomInt(unassigned.count);
    try {
      await using server = await listenTcp(() => {}, { host: "127.0.0.1", port });
      return server.port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
}
