// A server of node:http that serves gateways, each below a path of its own.
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Gateway } from "@grpc-study/gateway";
import { bindServer, listen } from "@grpc-study/rpc/transport";

export interface MountServerOptions {
  /** Serves `/` and what is not below a mounted path. */
  readonly home: (request: IncomingMessage, response: ServerResponse) => void;
  /** The gateways by their names: one at `chat` serves `/chat/`. May grow while the server listens. */
  readonly mounted: ReadonlyMap<string, Pick<Gateway, "listener" | "upgrade" | "close">>;
}

/** As a gateway that listens itself: a stream of requests may take as long as it likes, but not its headers. */
const limits: ServerOptions = {
  requestTimeout: 0,
  headersTimeout: 10_000,
  keepAliveTimeout: 72_000,
  connectionsCheckingInterval: 1_000,
};

export class MountServer {
  readonly #options: MountServerOptions;
  /** One for each address: `localhost` has two. */
  readonly #servers: Server[] = [];
  /** Connections of WebSockets that are refused, which Node no longer manages. */
  readonly #refused = new Set<Duplex>();

  constructor(options: MountServerOptions) {
    this.#options = options;
  }

  /** The IP addresses that it listens on. */
  get addresses(): readonly string[] {
    return this.#servers.flatMap((server) => {
      const bound = server.address();
      return bound !== null && typeof bound === "object" ? [bound.address] : [];
    });
  }

  /**
   * @param address `host:port`; `localhost` means the loopback addresses of both families.
   * @throws ListenError
   */
  listen(address: string): ReturnType<typeof listen> {
    return listen(
      {
        listen: async (at) => {
          const server = createServer(limits, (request, response) => this.#serve(request, response));
          server.on("upgrade", (request, socket, head) => {
            if (isWebSocket(request)) this.#upgrade(request, socket, head);
            else ignoreUpgrade(server, request, socket, head);
          });
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
    for (const socket of this.#refused) socket.destroy();
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
    else this.#refuse(socket);
  }

  #refuse(socket: Duplex): void {
    this.#refused.add(socket);
    socket.on("close", () => this.#refused.delete(socket));
    // Node has removed its own listeners. Without reading, the socket does not notice that the client
    // has gone.
    socket.on("error", () => socket.destroy());
    socket.resume();
    socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", () => socket.destroy());
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

function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * Gives the connection back to its server, with the request as one without an upgrade: curl and Java's
 * HttpClient offer `h2c` with each request.
 */
function ignoreUpgrade(server: Server, { method, url, httpVersion, rawHeaders }: IncomingMessage, socket: Duplex, head: Buffer): void {
  let header = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.toLowerCase() !== "upgrade") header += `${name}: ${rawHeaders[index + 1]}\r\n`;
  }
  socket.unshift(Buffer.concat([Buffer.from(`${header}\r\n`, "latin1"), head]));
  server.emit("connection", socket);
  socket.resume();
}
