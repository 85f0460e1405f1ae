// `Upgrade` headers. Only WebSocket upgrades are handled. A server may ignore others (RFC 9110,
// section 7.8), and clients rely on it: curl and Java's HttpClient offer `h2c` with each request.
import { type IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** Upgrade requests that a gateway on the server has handled: several may share the server. */
const handled = new WeakSet<IncomingMessage>();

/**
 * Returns a server that never listens. It emits the `upgrade` events of `server` that are for
 * WebSockets.
 */
export function webSocketUpgrades(server: Server): Server {
  const upgrades = new Server();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (handled.has(request)) return;
    handled.add(request);
    if (isWebSocket(request)) upgrades.emit("upgrade", request, socket, head);
    else ignoreUpgrade(server, request, socket, head);
  });
  return upgrades;
}

function isWebSocket({ method, headers: { upgrade } }: IncomingMessage): boolean {
  return method === "GET" && upgrade?.toLowerCase() === "websocket";
}

/**
 * Hands the socket back to Node, which has detached it, and replays the request without its
 * `Upgrade` header.
 */
function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  let header = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.toLowerCase() !== "upgrade") header += `${name}: ${rawHeaders[index + 1]}\r\n`;
  }
  socket.unshift(Buffer.concat([Buffer.from(`${header}\r\n`, "latin1"), head]));
  server.emit("encrypted" in socket ? "secureConnection" : "connection", socket);
  socket.resume();
}
