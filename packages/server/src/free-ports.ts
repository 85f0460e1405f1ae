// Free ports, for a caller that needs to bind the same numbers later.
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";

const mostTries = 50;

/**
 * Returns the first of `count` consecutive free ports.
 *
 * @throws the error of `listen`, for example EADDRNOTAVAIL for the address of another machine.
 */
export async function freePorts(host: string, count: number): Promise<number> {
  for (let tries = 1; ; tries++) {
    const servers: Server[] = [];
    try {
      const port = await listen(servers, host, 0);
      for (let next = 1; next < count; next++) await listen(servers, host, port + next);
      return port;
    } catch (error) {
      if (tries === mostTries || servers.length === 0) throw error;
    } finally {
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    }
  }
}

async function listen(servers: Server[], host: string, port: number): Promise<number> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  await once(server, "listening");
  servers.push(server);
  return (server.address() as AddressInfo).port;
}
