// `Upgrade` headers. Only those for WebSockets are taken; a server may ignore others (RFC 9110, section 7.8), and clients count on it: curl and Java's
// HttpClient ask for `h2c` with each request.
import { type IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** Requests that one of several gateways in a server has dealt with. */
const taken = new WeakSet<IncomingMessage>();

/** A server that never listens: it has the `upgrade` events of another one that are for WebSockets. */
export function webSocketUpgrades(server: Server): Server {
  const upgrades = new Server();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (taken.has(request)) return;
    taken.add(request);
    if (isWebSocket(request)) upgrades.emit("upgrade", request, socket, head);
    else ignoreUpgrade(server, request, socket, head);
  });
  return upgrades;
}

function isWebSocket({ method, headers: { upgrade } }: IncomingMessage): boolean {
  return method === "GET" && upgrade?.toLowerCase() === "websocket";
}

/** Node has let go of the socket. It gets it back, with what it has read, but for the `Upgrade` header. */
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
