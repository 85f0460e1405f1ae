// Limits on concurrent calls: in total, and for each client address.
import { isIPv6 } from "node:net";
import { Code } from "@grpc-study/rpc";
import { HttpError } from "./http/errors.ts";

export interface CallLimitOptions {
  /** Maximum number of concurrent calls. */
  readonly maxCalls: number;
  /** Maximum number of concurrent calls for one client address. */
  readonly maxCallsPerAddress: number;
}

/** Seconds after which a client may retry. */
const retryAfter = { "retry-after": "1" };

export class CallLimits {
  readonly #options: CallLimitOptions;
  readonly #callsByClient = new Map<string, number>();
  #running = 0;

  constructor(options: CallLimitOptions) {
    this.#options = options;
  }

  /**
   * Counts a call.
   *
   * @returns the key that `end` takes.
   * @throws HttpError 503 if the gateway is at its limit, 429 if the client is at its limit.
   */
  begin(address: string): string {
    const { maxCalls, maxCallsPerAddress } = this.#options;
    const client = clientOf(address);
    const own = this.#callsByClient.get(client) ?? 0;
    if (this.#running >= maxCalls) {
      throw new HttpError(503, Code.UNAVAILABLE, `the gateway has ${this.#running} calls in flight, which is its limit`, retryAfter);
    }
    if (own >= maxCallsPerAddress) {
      const message = `your address has ${own} calls in flight, which is its limit`;
      throw new HttpError(429, Code.RESOURCE_EXHAUSTED, message, retryAfter);
    }
    this.#callsByClient.set(client, own + 1);
    this.#running++;
    return client;
  }

  /** Releases a call that `begin` counted. */
  end(client: string): void {
    const own = this.#callsByClient.get(client) ?? 0;
    if (own > 1) this.#callsByClient.set(client, own - 1);
    else this.#callsByClient.delete(client);
    this.#running--;
  }
}

/**
 * The IPv4 address, or the /64 network of an IPv6 address: a client chooses the rest itself (RFC
 * 4291, section 2.5.4).
 */
function clientOf(address: string): string {
  if (!address.includes(":") || !isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [before = "", after] = address.split("%", 1)[0]?.split("::") ?? [];
  const groups = before === "" ? [] : before.split(":");
  const tail = after ? after.split(":") : [];
  while (after !== undefined && groups.length + tail.length < 8) groups.push("0");
  return `${[...groups, ...tail].slice(0, 4).join(":")}::/64`;
}
