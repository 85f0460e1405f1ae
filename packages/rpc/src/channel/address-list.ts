// Lists of addresses.
import { isIPv6 } from "node:net";
import type { Address } from "../transport/connection.ts";

/** What tells addresses apart. */
export function addressKey(address: Address): string {
  return "path" in address ? `unix:${address.path}` : `${address.host}|${address.port}`;
}

/** Each address once. */
export function distinct(addresses: readonly Address[]): Address[] {
  return [...new Map(addresses.map((address) => [addressKey(address), address])).values()];
}

/** Puts the families in turn, that of the first address first (RFC 8305, section 4; gRFC A61): when one of them does not work, the other is tried soon. */
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
