// Returns the address of a caller, as the key of a limit.
import { isIPv6 } from "node:net";
import { ipBytes } from "../protocol/ip-bytes.ts";

/**
 * Returns the IP address of a peer, `host:port`, without its port. Of an IPv6 address, the first 64
 * bits: a network assigns at least these to each subscriber, who may use any address below. Returns
 * a peer that has no port (`in-process`, `unix:/run/x.sock`) as it is.
 */
export function addressOf(peer: string): string {
  if (peer.startsWith("unix:")) return peer;
  const colon = peer.lastIndexOf(":");
  if (colon === -1) return peer;
  const host = peer.slice(0, colon);
  const address = host.startsWith("[") ? host.slice(1, -1) : host;
  if (!isIPv6(address)) return host;
  const bytes = ipBytes(address);
  return bytes.length === 4 ? bytes.join(".") : network(bytes);
}

/** The first four groups of an IPv6 address, in one notation. */
function network(bytes: Uint8Array): string {
  const groups = [0, 2, 4, 6].map((at) => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  return `${groups.join(":")}::/64`;
}
