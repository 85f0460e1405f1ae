// Addresses to listen on: `host:port`, or `unix:` with a path
// (https://github.com/grpc/grpc/blob/master/doc/naming.md).
import { wrongType } from "../checks.ts";
import type { ListenAddress } from "../transport/server.ts";

/** @throws TypeError that names the address. */
export function parseAddress(address: string): ListenAddress {
  if (typeof address !== "string") throw wrongType("the address of listen()", "a string, host:port or unix:path", address);
  const path = /^unix:(?:\/\/(?=\/))?(?<path>.+)$/.exec(address)?.groups?.["path"];
  if (path !== undefined) return { host: "", port: 0, path };
  const match = /^(?:\[(?<v6>[^[\]]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/.exec(address)?.groups;
  const host = match?.["v6"] ?? match?.["host"];
  const port = Number(match?.["port"]);
  if (host === undefined || !(port <= 65535)) throw new TypeError(`"${address}" is not an address of the form host:port or unix:path`);
  return { host, port };
}

export function formatAddress({ host, port, path }: ListenAddress): string {
  if (path !== undefined) return `unix:${path}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
