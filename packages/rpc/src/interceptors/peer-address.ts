// The address of a caller, as the key of a limit.

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
  if (!host.startsWith("[")) return host;
  const address = host.slice(1, -1).replace(/%.*$/, "");
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? network(address);
}

/** The first four groups of an IPv6 address, in one notation. */
function network(address: string): string {
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  // An IPv4 address at the end is two groups.
  const groups = left.length + right.length + (right.at(-1)?.includes(".") ? 1 : 0);
  const all = tail === undefined ? left : [...left, ...Array<string>(8 - groups).fill("0"), ...right];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
