// A tunnel through an HTTP proxy (CONNECT; RFC 9110, section 9.3.6).
import type { Socket } from "node:net";
import type { HttpProxy } from "../../connection.ts";
import { ConnectFailure } from "./connect-failure.ts";
import { waitFor } from "./wait-for.ts";

/** The maximum size of the proxy's header in bytes. */
const maxHeaderBytes = 16 * 1024;

/** Opens a tunnel to `host:port`. Further bytes on the socket belong to the service. */
export async function openTunnel(socket: Socket, to: string, { authorization }: HttpProxy, signal: AbortSignal): Promise<void> {
  const fields = [`CONNECT ${to} HTTP/1.1`, `Host: ${to}`];
  if (authorization !== undefined) fields.push(`Proxy-Authorization: ${authorization}`);
  socket.write(`${fields.join("\r\n")}\r\n\r\n`);
  let header = Buffer.alloc(0);
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      await waitFor(socket, "readable", signal);
      continue;
    }
    header = Buffer.concat([header, chunk]);
    const end = header.indexOf("\r\n\r\n");
    if (end >= 0) {
      const rest = header.subarray(end + 4);
      const failure = tunnelFailure(header.subarray(0, end).toString("latin1"));
      if (failure !== undefined) throw failure;
      // The server may send data first.
      if (rest.length > 0) socket.unshift(rest);
      return;
    }
    if (header.length > maxHeaderBytes) throw new ConnectFailure("it does not answer CONNECT as an HTTP proxy does");
  }
}

function tunnelFailure(header: string): ConnectFailure | undefined {
  const [, status, reason = ""] = /^HTTP\/1\.\d (\d{3})(?: ([^\r\n]*))?/.exec(header) ?? [];
  if (status === undefined) return new ConnectFailure("it does not answer CONNECT as an HTTP proxy does");
  if (status.startsWith("2")) return undefined;
  const text = reason.replace(/[^ -~]/g, "?").slice(0, 100);
  return new ConnectFailure(`it rejects the tunnel with HTTP status ${status}${text === "" ? "" : ` ${text}`}`);
}
