// How many calls run at a time: altogether, and those of one caller.
import { isIPv6 } from "node:net";
import { Code } from "@grpc-study/rpc";
import { HttpError } from "./http/errors.ts";

export interface CallLimitOptions {
  /** Calls that run at a time. */
  readonly maxCalls: number;
  /** Calls that run at a time for one address. */
  readonly maxCallsPerAddress: number;
}

/** Seconds after which a caller may try again. */
const retryAfter = { "retry-after": "1" };

export class CallLimits {
  readonly #options: CallLimitOptions;
  readonly #byCaller = new Map<string, number>();
  #running = 0;

  constructor(options: CallLimitOptions) {
    this.#options = options;
  }

  /** Counts a call. @returns who it is counted for. @throws HttpError 503, or 429 for a caller who has its share. */
  begin(address: string): string {
    const { maxCalls, maxCallsPerAddress } = this.#options;
    const caller = callerOf(address);
    const own = this.#byCaller.get(caller) ?? 0;
    if (this.#running >= maxCalls) {
      throw new HttpError(503, Code.UNAVAILABLE, `${this.#running} calls run, and no more are allowed`, retryAfter);
    }
    if (own >= maxCallsPerAddress) {
      const message = `your address has ${own} calls that run, and no more are allowed`;
      throw new HttpError(429, Code.RESOURCE_EXHAUSTED, message, retryAfter);
    }
    this.#byCaller.set(caller, own + 1);
    this.#running++;
    return caller;
  }

  /** The call is over. */
  end(caller: string): void {
    const own = this.#byCaller.get(caller) ?? 0;
    if (own > 1) this.#byCaller.set(caller, own - 1);
    else this.#byCaller.delete(caller);
    this.#running--;
  }
}

/** An address of IPv4; of IPv6 its network: the rest of it is the caller's own choice (RFC 4291, section 2.5.4). */
function callerOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [before = "", after] = address.split("%", 1)[0]?.split("::") ?? [];
  const groups = before === "" ? [] : before.split(":");
  const tail = after ? after.split(":") : [];
  while (after !== undefined && groups.length + tail.length < 8) groups.push("0");
  return `${[...groups, ...tail].slice(0, 4).join(":")}::/64`;
}
