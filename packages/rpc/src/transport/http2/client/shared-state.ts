// The state that the connections of a channel share.
import type { ConnectionOptions } from "@grpc-study/http2";
import type { ChannelLimits } from "../../../limits/limits.ts";
import type { DialOptions } from "../../connection.ts";
import { RequestHeaders } from "./request-headers.ts";

/**
 * The longest duration of Node's timers in milliseconds, and the largest window (RFC 9113, section
 * 6.9.1).
 */
const maxInt31 = 2 ** 31 - 1;

export class SharedState {
  readonly target: string;
  readonly limits: ChannelLimits;
  readonly headers: RequestHeaders;
  /** The server's `grpc-accept-encoding`, once it is known. */
  accepted: string | undefined = undefined;
  #keepaliveMs: number;

  constructor({ target, authority, certificates, limits }: DialOptions) {
    this.target = target;
    this.limits = limits;
    this.headers = new RequestHeaders(certificates === undefined ? "http" : "https", authority);
    this.#keepaliveMs = limits.keepaliveTimeMs;
  }

  /**
   * Halves the PINGs of the next connections, because the server complained about too many (gRFC
   * A8).
   */
  pingLess(): void {
    this.#keepaliveMs *= 2;
  }

  /** The options of the engine for the next connection. */
  get http2Options(): ConnectionOptions {
    const { streamWindowBytes, connectionWindowBytes, maxWindowBytes, keepaliveTimeoutMs } = this.limits;
    const options: ConnectionOptions = {
      initialWindowSize: Math.min(Math.ceil(streamWindowBytes), maxInt31),
      connectionWindowSize: Math.min(Math.ceil(connectionWindowBytes), maxInt31),
      maxWindowSize: Math.min(Math.ceil(maxWindowBytes), maxInt31),
      // gRPC servers do not percent-encode spaces at the ends of a status message.
      keepSpaces: true,
      // The caller of `Dial` limits the time for the server's SETTINGS.
      limits: { prefaceTimeout: maxInt31 },
    };
    const interval = this.#keepaliveMs;
    if (interval <= maxInt31) options.keepalive = { interval, timeout: Math.min(keepaliveTimeoutMs, maxInt31) };
    return options;
  }
}
