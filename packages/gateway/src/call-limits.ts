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

/** The calls of one client in flight. */
export class ClientCalls {
  /** The address, or the network, of the client. */
  readonly client: string;
  count = 0;

  constructor(client: string) {
    this.client = client;
  }
}

export class CallLimits {
  readonly #options: CallLimitOptions;
  /** The clients with calls, and the last one. */
  readonly #clients = new Map<string, ClientCalls>();
  /** The address of the last call, because clients make several calls. */
  #lastAddress = "";
  #last = new ClientCalls("");
  #running = 0;

  constructor(options: CallLimitOptions) {
    this.#options = options;
  }

  /**
   * Counts a call.
   *
   * @returns the calls of the client, which `end` takes.
   * @throws HttpError 503 if the gateway is at its limit, 429 if the client is at its limit.
   */
  begin(address: string): ClientCalls {
    const { maxCalls, maxCallsPerAddress } = this.#options;
    const own = this.#of(address);
    if (this.#running >= maxCalls) {
      throw new HttpError(503, Code.UNAVAILABLE, `the gateway has ${this.#running} calls in flight, which is its limit`, retryAfter);
    }
    if (own.count >= maxCallsPerAddress) {
      const message = `your address has ${own.count} calls in flight, which is its limit`;
      throw new HttpError(429, Code.RESOURCE_EXHAUSTED, message, retryAfter);
    }
    own.count++;
    this.#running++;
    return own;
  }

  /** Releases a call that `begin` counted. */
  end(calls: ClientCalls): void {
    calls.count--;
    if (calls.count === 0 && calls !== this.#last) this.#clients.delete(calls.client);
    this.#running--;
  }

  #of(address: string): ClientCalls {
    const last = this.#last;
    if (address === this.#lastAddress) return last;
    if (last.count === 0) this.#clients.delete(last.client);
    const client = clientOf(address);
    const calls = this.#clients.get(client) ?? new ClientCalls(client);
    this.#clients.set(client, calls);
    this.#lastAddress = address;
    this.#last = calls;
    return calls;
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
