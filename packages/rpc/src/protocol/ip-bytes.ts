// The bytes of IP addresses.
import { isIPv4 } from "node:net";

/**
 * Returns the 4 bytes of an IPv4 address, also of one that an IPv6 address contains (RFC 4291,
 * section 2.5.5.2), or the 16 bytes of another IPv6 address, without its zone.
 *
 * @param address an IPv4 or IPv6 address.
 */
export function ipBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number);
  const [head = "", tail] = address.replace(/%.*/, "").split("::");
  const before = bytesOf(head);
  const after = tail === undefined ? [] : bytesOf(tail);
  const bytes = Uint8Array.of(...before, ...new Array<number>(16 - before.length - after.length).fill(0), ...after);
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return isMapped ? bytes.slice(12) : bytes;
}

/** The bytes of groups in hexadecimal. The last one may be an IPv4 address. */
function bytesOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
