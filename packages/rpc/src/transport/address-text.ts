// Addresses of connections as text.
import { hostPort } from "../protocol/host-port.ts";
import type { Address } from "./connection.ts";

/** Formats an address as a peer: `host:port` with brackets around IPv6, or `unix:` and a path. */
export function addressText(address: Address): string {
  return "path" in address ? `unix:${address.path}` : hostPort(address.host, address.port);
}
