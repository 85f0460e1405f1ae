// Upgrades that are not for WebSockets. A server may ignore them (RFC 9110, section 7.8), and clients
// rely on it: curl and Java's HttpClient offer `h2c` with each request.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

export function isWebSocket({ method, headers: { upgrade } }: IncomingMessage): boolean {
  return method === "GET" && upgrade?.toLowerCase() === "websocket";
}

/**
 * Puts the request back without its `Upgrade` header. Node has detached the socket, which can be
 * served again then.
 */
export function putBack({ method, url, httpVersion, rawHeaders }: IncomingMessage, socket: Duplex, head: Buffer): void {
  let header = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.toLowerCase() !== "upgrade") header += `${name}: ${rawHeaders[index + 1]}\r\n`;
  }
  socket.unshift(Buffer.concat([Buffer.from(`${header}\r\n`, "latin1"), head]));
}
