// A tunnel through an HTTP proxy (CONNECT; RFC 9110, section 9.3.6).
import type { Socket } from "node:net";
import type { HttpProxy } from "../../connection.ts";
import { ConnectFailure } from "./connect-failure.ts";
import { waitFor } from "./wait-for.ts";

/** The most bytes of the proxy's header. */
const maxHeaderBytes = 16 * 1024;

/** Asks the proxy for a tunnel to `host:port`. What follows on the socket is the service's. */
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
      const failure = refusal(header.subarray(0, end).toString("latin1"));
      if (failure !== undefined) throw failure;
      // A server may speak first.
      if (rest.length > 0) socket.unshift(rest);
      return;
    }
    if (header.length > maxHeaderBytes) throw new ConnectFailure("it does not answer CONNECT as an HTTP proxy does");
  }
}

function refusal(header: string): ConnectFailure | undefined {
  const [, status, reason = ""] = /^HTTP\/1\.\d (\d{3})(?: ([^\r\n]*))?/.exec(header) ?? [];
  if (status === undefined) return new ConnectFailure("it does not answer CONNECT as an HTTP proxy does");
  if (status.startsWith("2")) return undefined;
  const text = reason.replace(/[^ -~]/g, "?").slice(0, 100);
  return new ConnectFailure(`it refuses the tunnel with HTTP status ${status}${text === "" ? "" : ` ${text}`}`);
}
