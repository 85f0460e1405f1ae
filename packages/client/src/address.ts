// Addresses on the command line.
import { InvalidArgumentError } from "commander";

const hostAndPort = /^(?<host>\[[\da-f:.]+\]|[\w.-]*):(?<port>\d{1,5})$/i;

/**
 * Parses an address, `host:port`. An IPv6 host stands in brackets. A missing host means localhost,
 * as in Go's `Dial`.
 *
 * @throws InvalidArgumentError if the address is malformed.
 */
export function parseAddress(text: string): string {
  const { host, port } = hostAndPort.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw new InvalidArgumentError("It must be an address like 127.0.0.1:8972, localhost:8972 or [::1]:8972.");
  }
  return `${host || "localhost"}:${Number(port)}`;
}
