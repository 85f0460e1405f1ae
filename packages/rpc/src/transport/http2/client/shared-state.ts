// What the connections of a channel have in common.
import type { ConnectionOptions } from "@grpc-study/http2";
import type { ChannelLimits } from "../../../limits/limits.ts";
import type { DialOptions } from "../../connection.ts";
import { RequestHeaders } from "./request-headers.ts";

/** The longest time of Node's timers. Milliseconds. */
const never = 2 ** 31 - 1;

export class SharedState {
  readonly target: string;
  readonly limits: ChannelLimits;
  readonly headers: RequestHeaders;
  /** What the server accepts, once it has said so. */
  accepted: string | undefined = undefined;
  #keepaliveMs: number;

  constructor({ target, authority, certificates, limits }: DialOptions) {
    this.target = target;
    this.limits = limits;
    this.headers = new RequestHeaders(certificates === undefined ? "http" : "https", authority);
    this.#keepaliveMs = limits.keepaliveTimeMs;
  }

  /** The server counts PINGs: the next connections send half as many (gRFC A8). */
  pingLess(): void {
    this.#keepaliveMs *= 2;
  }

  /** The options of the engine for the next connection. */
  get http2Options(): ConnectionOptions {
    return {
      // Who dials sets the time for the server's SETTINGS.
      limits: { prefaceTimeout: never },
      ...(this.#keepaliveMs > never
        ? {}
        : { keepalive: { interval: this.#keepaliveMs, timeout: Math.min(this.limits.keepaliveTimeoutMs, never) } }),
    };
  }
}
