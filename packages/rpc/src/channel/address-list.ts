// Lists of addresses.
import { isIPv6 } from "node:net";
import type { Address } from "../transport/connection.ts";

/** Returns a key that is equal for equal addresses. */
export function addressKey(address: Address): string {
  return "path" in address ? `unix:${address.path}` : `${address.host}|${address.port}`;
}

/** Removes duplicate addresses. */
export function distinct(addresses: readonly Address[]): Address[] {
  return [...new Map(addresses.map((address) => [addressKey(address), address])).values()];
}

/**
 * Alternates IPv6 and IPv4 addresses, starting with the family of the first address (RFC 8305,
 * section 4; gRFC A61). If one family does not work, the channel soon tries the other.
 */
export function interleaved(addresses: readonly Address[]): Address[] {
  const [first] = addresses;
  if (first === undefined) return [];
  const own = addresses.filter((address) => isV6(address) === isV6(first));
  const other = addresses.filter((address) => isV6(address) !== isV6(first));
  const list: Address[] = [];
  for (let i = 0; i < Math.max(own.length, other.length); i++) list.push(...own.slice(i, i + 1), ...other.slice(i, i + 1));
  return list;
}

function isV6(address: Address): boolean {
  return "host" in address && isIPv6(address.host);
}
