// What the headers of proxies say about a client, as far as the proxies are trusted.
import { compile } from "@fastify/proxy-addr";
import type { RequestHeaders } from "../http/message.ts";

/**
 * The proxies whose `X-Forwarded-For`, `-Host` and `-Proto` headers to trust: addresses, subnets in
 * CIDR notation, `loopback`, `linklocal` and `uniquelocal`, or `true` for all peers.
 */
export type TrustProxy = boolean | string | readonly string[];

export class Proxies {
  /** Whether an address is a trusted proxy. */
  readonly #trusts: ((address: string, distance: number) => boolean) | undefined;

  /** @throws TypeError that names an address that is not valid. */
  constructor(trustProxy: TrustProxy = false) {
    if (trustProxy === true) this.#trusts = () => true;
    else if (trustProxy !== false) {
      const all = typeof trustProxy === "string" ? trustProxy.split(",").map((one) => one.trim()) : [...trustProxy];
      try {
        this.#trusts = compile(all);
      } catch (error) {
        throw new TypeError(`trustProxy must be addresses, subnets or true: ${(error as Error).message}`, { cause: error });
      }
    }
  }

  /**
   * The addresses from the client to the peer of the connection: the client is the first address
   * that is not a trusted proxy.
   */
  addresses(peer: string, { "x-forwarded-for": forwarded }: RequestHeaders): readonly string[] {
    const trusts = this.#trusts;
    if (trusts === undefined || forwarded === undefined) return [peer];
    const addresses = [peer];
    for (const part of forwarded.split(",").reverse()) {
      if (!trusts(addresses[0] ?? peer, addresses.length - 1)) break;
      const address = part.trim();
      if (address !== "") addresses.unshift(address);
    }
    return addresses;
  }

  /** The host that the client named. Each proxy adds a value, and only the last one is trusted. */
  host(peer: string, { "x-forwarded-host": forwarded, host = "" }: RequestHeaders): string {
    return (this.#trusts?.(peer, 0) && lastOf(forwarded)) || host;
  }

  scheme(peer: string, { "x-forwarded-proto": forwarded }: RequestHeaders, secure: boolean): "http" | "https" {
    const named = this.#trusts?.(peer, 0) ? lastOf(forwarded)?.toLowerCase() : undefined;
    if (named === "http" || named === "https") return named;
    return secure ? "https" : "http";
  }
}

function lastOf(list: string | undefined): string | undefined {
  return list?.slice(list.lastIndexOf(",") + 1).trim();
}
