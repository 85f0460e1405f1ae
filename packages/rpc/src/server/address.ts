// Addresses to listen on, `host:port`.

export interface BoundAddress {
  /** `host:port`, with an IPv6 host in brackets: what a client takes. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
}

/** Throws a TypeError that names the address. */
export function parseAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[(?<v6>[^[\]]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/.exec(address)?.groups;
  const host = match?.v6 ?? match?.host;
  const port = Number(match?.port);
  if (host === undefined || !(port <= 65535)) throw new TypeError(`"${address}" is not an address of the form host:port`);
  return { host, port };
}

export function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
