import { once } from "node:events";
import { createServer, type Server } from "node:net";

/**
 * Returns a free port on 127.0.0.1 below the range from which systems assign ports, so that the
 * port stays free while the server on it restarts. Other processes that call this function get other
 * ports, also before that server listens: a socket on the next port, an odd one, tells them until
 * this process ends.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + 2 * Math.floor(Math.random() * 10_000);
    const guard = await listen(port + 1);
    const probe = await listen(port);
    if (guard !== undefined && probe !== undefined) {
      guard.unref();
      probe.close();
      await once(probe, "close");
      return port;
    }
    guard?.close();
    probe?.close();
  }
}

async function listen(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => resolve(server));
  });
}
