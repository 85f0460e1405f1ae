// The limits for the peers of a server and of a channel, with units and defaults.
import { checkCount, checkNumber, checkOptionNames, checkTime, optional } from "../checks.ts";

/** The limits for messages, on both sides. */
export interface MessageLimits {
  /**
   * The maximum size of a received message in bytes, after decompression. A larger one ends the
   * call with RESOURCE_EXHAUSTED. Default: 4 MiB, as in grpc-go.
   */
  readonly maxReceiveMessageBytes: number;
  /**
   * The maximum size of a sent message in bytes. A larger one ends the call with
   * RESOURCE_EXHAUSTED. Default: Infinity, because the peer has a limit of its own.
   */
  readonly maxSendMessageBytes: number;
}

/**
 * The flow-control windows on both sides: how far a peer may send ahead (RFC 9113, section 6.9).
 */
export interface WindowLimits {
  /**
   * SETTINGS_INITIAL_WINDOW_SIZE: bytes that the peer may send on a stream before they are read.
   * Default: 64 KiB.
   */
  readonly streamWindowBytes: number;
  /**
   * Bytes that the peer may send on all streams of a connection before they are read. Default: 1
   * MiB.
   */
  readonly connectionWindowBytes: number;
  /**
   * The largest window in bytes. The window of a stream grows with the bandwidth and the round-trip
   * time of its connection up to this size, and the window of the connection up to twice this size.
   * If a reader waits for a message, the peer may also send the rest of it at once, up to this
   * size. A value of at most `streamWindowBytes` turns both off. Default: 8 MiB.
   */
  readonly maxWindowBytes: number;
}

/** The limits of a server. `Infinity` turns a limit off. */
export interface ServerLimits extends MessageLimits, WindowLimits {
  /**
   * The maximum size of a request's metadata in bytes: names, values, and 32 bytes for each pair,
   * as SETTINGS_MAX_HEADER_LIST_SIZE counts them (RFC 9113, section 6.5.2). A larger request is
   * rejected with RESOURCE_EXHAUSTED and the HTTP status 431. Default: 32 KiB.
   */
  readonly maxMetadataBytes: number;
  /**
   * The maximum number of header fields in a request, including those of HTTP. A request with more
   * is rejected with RESOURCE_EXHAUSTED. Default: 128.
   */
  readonly maxMetadataPairs: number;
  /**
   * The maximum number of concurrent calls on a connection. Clients queue further calls. A client
   * that opens more gets REFUSED_STREAM, and is disconnected if it continues. Default: 1,000, so
   * that unary calls still get through beside hundreds of long-lived streams.
   */
  readonly maxConcurrentStreams: number;
  /**
   * The maximum number of connections for each listening address. Further connections are closed at
   * once. Default: 10,000.
   */
  readonly maxConnections: number;
  /**
   * The time in milliseconds for each step of a new connection: the TLS handshake, then the HTTP/2
   * preface and SETTINGS. Also the time for a header block, because nothing else can arrive on a
   * connection while one is incomplete (RFC 9113, section 4.3). Default: 10,000.
   */
  readonly handshakeTimeoutMs: number;
  /**
   * The time in milliseconds that a peer may take to finish the only message of a request, counted
   * from its header, or a message of a stream that has begun. Then the call ends with
   * DEADLINE_EXCEEDED. Streams may be silent between messages for any time. Default: 120,000.
   */
  readonly bodyTimeoutMs: number;
  /**
   * The maximum number of pending bytes on a connection. Pending bytes belong to requests that have
   * arrived but have not reached a handler: they are incomplete or wait to be read. The call that
   * exceeds the limit ends with RESOURCE_EXHAUSTED. Default: 64 MiB.
   */
  readonly maxPendingBytesPerConnection: number;
  /**
   * The maximum number of pending bytes on all connections of the process, including those of its
   * other servers. Above it, the largest call on the connection with the most pending bytes ends
   * with RESOURCE_EXHAUSTED. Default: 256 MiB.
   */
  readonly maxPendingBytes: number;
  /**
   * Closes a connection that has had no calls for this time in milliseconds. Clients reconnect for
   * their next call. Default: 900,000 (15 minutes).
   */
  readonly maxConnectionIdleMs: number;
  /**
   * A connection takes no more calls after this time in milliseconds, varied by up to a tenth.
   * Clients open another one. Default: 7,200,000 (2 hours).
   */
  readonly maxConnectionAgeMs: number;
  /**
   * How long calls may continue on a connection that has reached its age, in milliseconds. Default:
   * Infinity, so its age ends no call.
   */
  readonly maxConnectionAgeGraceMs: number;
  /** The interval in milliseconds between keepalive PINGs. Default: 60,000. */
  readonly keepaliveTimeMs: number;
  /**
   * The time in milliseconds for the answer to a PING. Then the connection is closed. Default:
   * 20,000.
   */
  readonly keepaliveTimeoutMs: number;
  /**
   * How many calls a peer may cancel per second, on average. Each call that completes allows
   * one more. Above it, the connection is closed with ENHANCE_YOUR_CALM (CVE-2023-44487). Default:
   * 5,000.
   */
  readonly resetsPerSecond: number;
  /**
   * How many calls a peer may cancel in a burst before `resetsPerSecond` applies. Default: 20,000.
   */
  readonly resetBurst: number;
  /**
   * How many PING and SETTINGS frames a peer may send per second. gRPC clients measure
   * bandwidth with PINGs, once a round trip. Above it, the connection is closed with
   * ENHANCE_YOUR_CALM (CVE-2019-9512, CVE-2019-9515). Default: 10,000.
   */
  readonly controlFramesPerSecond: number;
  /**
   * How many invalid frames a peer may send per second: frames that fail a call, such as
   * malformed headers, and frames that are ignored, such as those of unknown types. Above it, the
   * connection is closed with ENHANCE_YOUR_CALM (CVE-2025-8671). Default: 500.
   */
  readonly invalidFramesPerSecond: number;
}

/** The limits of a channel, and how it detects a lost server. */
export interface ChannelLimits extends MessageLimits, WindowLimits {
  /**
   * The interval in milliseconds between keepalive PINGs while there are calls. Default: 360,000,
   * because grpc-go servers disconnect a client that sends them more often than every five minutes.
   */
  readonly keepaliveTimeMs: number;
  /**
   * The time in milliseconds for the answer to a PING. Then the connection is closed, and its calls
   * end with UNAVAILABLE. Default: 20,000.
   */
  readonly keepaliveTimeoutMs: number;
}

const messages: MessageLimits = { maxReceiveMessageBytes: 4 * 1024 * 1024, maxSendMessageBytes: Number.POSITIVE_INFINITY };

const windows: WindowLimits = { streamWindowBytes: 64 * 1024, connectionWindowBytes: 1024 * 1024, maxWindowBytes: 8 * 1024 * 1024 };

export const defaultServerLimits: ServerLimits = {
  ...messages,
  ...windows,
  maxMetadataBytes: 32 * 1024,
  maxMetadataPairs: 128,
  maxConcurrentStreams: 1_000,
  maxConnections: 10_000,
  handshakeTimeoutMs: 10_000,
  bodyTimeoutMs: 120_000,
  maxPendingBytesPerConnection: 64 * 1024 * 1024,
  maxPendingBytes: 256 * 1024 * 1024,
  maxConnectionIdleMs: 15 * 60_000,
  maxConnectionAgeMs: 2 * 60 * 60_000,
  maxConnectionAgeGraceMs: Number.POSITIVE_INFINITY,
  keepaliveTimeMs: 60_000,
  keepaliveTimeoutMs: 20_000,
  resetsPerSecond: 5_000,
  resetBurst: 20_000,
  controlFramesPerSecond: 10_000,
  invalidFramesPerSecond: 500,
};

export const defaultChannelLimits: ChannelLimits = { ...messages, ...windows, keepaliveTimeMs: 6 * 60_000, keepaliveTimeoutMs: 20_000 };

/**
 * Merges the given limits over the defaults.
 * @throws TypeError or RangeError that names the limit.
 */
export function withDefaults<Limits extends MessageLimits>(
  defaults: Limits,
  limits: { readonly [Name in keyof Limits]?: Limits[Name] | undefined } = {},
): Limits {
  checkOptionNames("limits", limits, defaults);
  for (const [name, value] of Object.entries(limits)) optional(checkerOf(name), `limits.${name}`, value);
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

/** Times and rates may be fractions. All other limits are counts. */
function checkerOf(name: string): (name: string, value: unknown) => number {
  if (name.endsWith("Ms")) return checkTime;
  return name.endsWith("PerSecond") ? checkRate : checkCount;
}

function checkRate(name: string, value: unknown): number {
  return checkNumber(name, "a positive number", value, (rate) => rate > 0);
}
