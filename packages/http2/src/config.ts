// The options of a connection with defaults applied. All connections of a server share them.
import type { Connection, Stream, StreamHandler } from "./api/connection.ts";
import type { ConnectionOptions, KeepaliveOptions } from "./api/options.ts";
import { maxInt31 } from "./frame/types.ts";
import { HeaderList } from "./headers/header-list.ts";
import { type Limits, resolveLimits } from "./limits.ts";

export type StreamListener = (stream: Stream, headers: HeaderList, endStream: boolean) => StreamHandler;

export interface ConnectionConfig {
  readonly limits: Limits;
  readonly initialWindowSize: number;
  readonly connectionWindowSize: number;
  /** The largest window that the bandwidth probe sets. 0 disables it. */
  readonly maxWindowSize: number;
  readonly keepalive: Required<KeepaliveOptions> | undefined;
  readonly keepSpaces: boolean;
  readonly onError: ((error: unknown, connection: Connection) => void) | undefined;
  /** Servers only. */
  readonly onStream: StreamListener | undefined;
  /** Servers only: the response to a request whose header list is too large. */
  readonly tooLarge: HeaderList;
}

/** RFC 6585, section 5. */
const headerFieldsTooLarge = HeaderList.response(431);

export function resolveConfig(
  role: "client" | "server",
  options: ConnectionOptions,
  onStream?: StreamListener,
  tooLarge: HeaderList = headerFieldsTooLarge,
): ConnectionConfig {
  if (tooLarge.status === undefined) throw new TypeError("tooLarge needs :status: create the list with HeaderList.response");
  const { initialWindowSize = 262_144, connectionWindowSize = 1_048_576, maxWindowSize = 16 * 1_048_576, keepalive } = options;
  windowInRange("initialWindowSize", initialWindowSize);
  windowInRange("connectionWindowSize", connectionWindowSize);
  windowInRange("maxWindowSize", maxWindowSize);
  if (keepalive !== undefined && !(keepalive.interval > 0)) {
    throw new RangeError(`keepalive.interval must be more than 0 milliseconds, got ${keepalive.interval}`);
  }
  return {
    limits: resolveLimits(role, options.limits),
    initialWindowSize,
    connectionWindowSize,
    maxWindowSize,
    keepalive: keepalive && { timeout: 20_000, withoutStreams: false, ...keepalive },
    keepSpaces: options.keepSpaces ?? false,
    onError: options.onError,
    onStream,
    tooLarge,
  };
}

function windowInRange(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > maxInt31) {
    throw new RangeError(`${name} must be 0 to ${maxInt31} bytes, got ${value}`);
  }
}
