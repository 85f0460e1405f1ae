// A server of node:http that serves gateways, each below a path of its own.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Gateway } from "@grpc-study/gateway";
import { bindServer, listen } from "@grpc-study/rpc/transport";

export interface MountServerOptions {
  /** Serves `/` and what is not below a mounted path. */
  readonly home: (request: IncomingMessage, response: ServerResponse) => void;
  /** The gateways by their names: one at `chat` serves `/chat/`. */
  readonly mounted: ReadonlyMap<string, Pick<Gateway, "listener" | "upgrade" | "close">>;
}

export class MountServer {
  readonly #options: MountServerOptions;
  /** One for each address: `localhost` has two. */
  readonly #servers: Server[] = [];

  constructor(options: MountServerOptions) {
    this.#options = options;
  }

  /**
   * @param address `host:port`; `localhost` means the loopback addresses of both families.
   * @throws ListenError
   */
  listen(address: string): ReturnType<typeof listen> {
    return listen(
      {
        listen: async (at) => {
          const server = createServer((request, response) => this.#serve(request, response));
          server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
          const port = await bindServer(server, at);
          this.#servers.push(server);
          const close = async () => void server.close();
          return { port, close };
        },
      },
      address,
    );
  }

  /** Stops listening, closes the gateways, and ends all connections. */
  async close(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    // First, since a server that closes waits for its WebSockets.
    await Promise.all([...this.#options.mounted.values()].map((gateway) => gateway.close()));
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(closed);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const found = this.#find(request);
    if (found === undefined) this.#options.home(request, response);
    else if (found.isRoot) response.writeHead(302, { location: `${found.folder}console/` }).end();
    else found.gateway.listener(request, response);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const found = this.#find(request);
    if (found !== undefined) found.gateway.upgrade(request, socket, head);
    else socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  }

  /** Finds the gateway of a request, and takes its name from the URL. */
  #find(request: IncomingMessage) {
    const [, name = "", rest = ""] = /^\/([^/?#]+)(.*)$/s.exec(request.url ?? "") ?? [];
    const gateway = this.#options.mounted.get(name);
    if (gateway === undefined) return undefined;
    const [path] = rest.split("?");
    request.url = rest.startsWith("/") ? rest : `/${rest}`;
    // Relative to the request, so that a proxy can serve the page below another path.
    return { gateway, isRoot: path === "" || path === "/", folder: path === "" ? `${name}/` : "" };
  }
}
