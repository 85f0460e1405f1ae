// Parses `[HOST:]PORT`, the address of a listener that only this machine reaches by default.
import { InvalidArgumentError } from "commander";

/**
 * Returns `host:port` or `unix:path`, as servers of @grpc-study/rpc listen on it. A port alone means
 * localhost.
 *
 * @throws InvalidArgumentError for another format.
 */
export function parseListenAddress(text: string): string {
  const address = /^unix:./.test(text) ? text : hostPortOf(text);
  if (address === undefined) throw new InvalidArgumentError("It must be a port, host:port, or unix:/path.");
  return address;
}

/**
 * Returns `host:port`, for a listener that has no Unix sockets. A port alone means localhost.
 *
 * @throws InvalidArgumentError for another format.
 */
export function parseHostPort(text: string): string {
  const address = hostPortOf(text);
  if (address === undefined) throw new InvalidArgumentError("It must be a port or host:port.");
  return address;
}

function hostPortOf(text: string): string | undefined {
  const groups = /^(?:(?<host>\[[\da-fA-F:.]+\]|[\w.-]+):)?(?<port>\d{1,5})$/.exec(text)?.groups;
  if (groups === undefined || Number(groups["port"]) > 65_535) return undefined;
  return `${groups["host"] ?? "localhost"}:${groups["port"]}`;
}
