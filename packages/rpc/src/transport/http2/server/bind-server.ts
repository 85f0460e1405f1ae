// Binds a listening socket: TCP, or a Unix domain socket.
import type { AddressInfo, ListenOptions, Server } from "node:net";
import { checkObject, wrongType } from "../../../checks.ts";
import type { ListenAddress } from "../../server.ts";
import { removeStaleSocket } from "./unix-socket.ts";

/**
 * Binds a server of node:net, node:tls or node:http to an address. A Unix domain socket that a killed
 * server has left behind is replaced. Later errors of single connections, such as EMFILE, are ignored.
 *
 * @returns the port, which is 0 for a Unix domain socket. Rejects with the system's error, or with a
 * TypeError for a wrong argument.
 */
export async function bindServer(server: Server, address: ListenAddress): Promise<number> {
  // In Bun, a server of node:http is not an instance of node:net's Server.
  if (typeof (server as Partial<Server> | undefined)?.listen !== "function")
    throw wrongType("the server of bindServer()", "a Server of node:net", server);
  checkObject("the address of bindServer()", address);
  const { host, port, path } = address;
  if (path === undefined) return bind(server, { host, port });
  try {
    return await bind(server, { path });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || !(await removeStaleSocket(path))) throw error;
    return bind(server, { path });
  }
}

function bind(server: Server, options: ListenOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen(options, () => {
    server.off("error", reject);
    server.on("error", () => {});
    const address = server.address() as AddressInfo | string;
    resolve(typeof address === "string" ? 0 : address.port);
  });
  return promise;
}
