// What a peer may ask of a server, or of a channel: every limit, its unit and its default.
import { checkCount, checkNumber, checkTime, optional, refuseUnknown } from "../checks.ts";

/** What holds for messages, on both sides. */
export interface MessageLimits {
  /** The most bytes that a message received may have, after it has been inflated. Default 4 MiB, as in Go. More is RESOURCE_EXHAUSTED. */
  readonly maxReceiveMessageBytes: number;
  /** The most bytes that a message sent may have. Default Infinity: the peer has a limit of its own. More is RESOURCE_EXHAUSTED. */
  readonly maxSendMessageBytes: number;
}

/** How much a peer may send ahead (RFC 9113, section 6.9), on both sides. */
export interface WindowLimits {
  /** SETTINGS_INITIAL_WINDOW_SIZE: bytes of a call that its peer may send before they are read. Default 64 KiB. */
  readonly streamWindowBytes: number;
  /** Bytes of all calls of a connection that its peer may send before they are read. Default 1 MiB. */
  readonly connectionWindowBytes: number;
  /**
   * The window of a call that is read grows with the bandwidth and the round-trip time of its connection, up to this many bytes, and the connection's to twice as many.
   * The rest of a message that is waited for may come at once, up to as many. Default 8 MiB. A value that is no larger than `streamWindowBytes` turns both off.
   */
  readonly maxWindowBytes: number;
}

/** What a server takes from its callers. `Infinity` stands for no limit. */
export interface ServerLimits extends MessageLimits, WindowLimits {
  /**
   * The most bytes of metadata in a request: names, values and 32 bytes a pair, as SETTINGS_MAX_HEADER_LIST_SIZE counts them (RFC 9113, section 6.5.2).
   * Default 32 KiB. A request that has more is refused with RESOURCE_EXHAUSTED, and the HTTP status 431.
   */
  readonly maxMetadataBytes: number;
  /** The most pairs of metadata in a request, those of HTTP included. Default 128. More is RESOURCE_EXHAUSTED. */
  readonly maxMetadataPairs: number;
  /**
   * How many calls a connection may have at a time. Default 1,000: a client that keeps hundreds of streams open must still get its unary calls through. Clients
   * wait with what is more; one that does not is refused (REFUSED_STREAM), and disconnected when it goes on.
   */
  readonly maxConcurrentStreams: number;
  /** How many connections each address that is listened on may have at a time. Default 10,000. More are closed when they come. */
  readonly maxConnections: number;
  /**
   * How long a new connection may take until its HTTP/2 preface and settings are here, and its TLS handshake before that; and how long a header may take.
   * Milliseconds, default 10,000. While a header block is incomplete nothing else can come on a connection (RFC 9113, section 4.3).
   */
  readonly handshakeTimeoutMs: number;
  /**
   * How long a peer may take to send what it owes: the only message of a request, from its header to its end, or a message of a stream that it has begun.
   * Milliseconds, default 120,000. Then the call ends with DEADLINE_EXCEEDED. Streams may be silent between messages for as long as they like.
   */
  readonly bodyTimeoutMs: number;
  /**
   * The most bytes that a connection may have pending: of requests that have come, and that no handler has taken, because they are incomplete or wait to be
   * read. Default 64 MiB. The call that goes over it ends with RESOURCE_EXHAUSTED.
   */
  readonly maxPendingBytesPerConnection: number;
  /**
   * The most bytes that all connections of the process may have pending, those of its other servers included. Default 256 MiB. Beyond it, the largest call of
   * the connection that has most ends with RESOURCE_EXHAUSTED.
   */
  readonly maxPendingBytes: number;
  /** A connection without calls is closed after so many milliseconds. Default 900,000: a quarter of an hour. Clients connect again when they need to. */
  readonly maxConnectionIdleMs: number;
  /** A connection takes no more calls after so many milliseconds, give or take a tenth; clients make another one. Default 7,200,000: two hours. */
  readonly maxConnectionAgeMs: number;
  /** How long calls may go on on a connection that is too old. Milliseconds, default Infinity: none is cut for its connection's age. */
  readonly maxConnectionAgeGraceMs: number;
  /** How often a peer is asked whether it is still there, by a PING. Milliseconds, default 60,000. */
  readonly keepaliveTimeMs: number;
  /** How long it may take to answer that, before its connection is closed. Milliseconds, default 20,000. */
  readonly keepaliveTimeoutMs: number;
  /**
   * How many calls a peer may cancel in a second, in the long run, beside one for each call that it completes. Default 5,000. More closes its connection
   * with ENHANCE_YOUR_CALM (CVE-2023-44487).
   */
  readonly resetsPerSecond: number;
  /** How many calls a peer may cancel at once, before `resetsPerSecond` counts. Default 20,000. */
  readonly resetBurst: number;
  /**
   * How many PING and SETTINGS frames a peer may send in a second. Default 10,000: gRPC's clients measure bandwidth with them, once a round trip. More closes
   * its connection with ENHANCE_YOUR_CALM (CVE-2019-9512, CVE-2019-9515).
   */
  readonly controlFramesPerSecond: number;
  /**
   * How many frames a peer may send in a second that make no sense: that its calls fail by, as malformed headers, or that are ignored, as those of unknown types.
   * Default 500. More closes its connection with ENHANCE_YOUR_CALM (CVE-2025-8671).
   */
  readonly invalidFramesPerSecond: number;
}

/** What a client takes from its server, and how it finds out that the server is gone. */
export interface ChannelLimits extends MessageLimits, WindowLimits {
  /**
   * How often the server is asked whether it is still there, while there are calls. Milliseconds, default 360,000: Go's servers disconnect a client that asks
   * more often than every five minutes.
   */
  readonly keepaliveTimeMs: number;
  /** How long it may take to answer that. Milliseconds, default 20,000. Then the connection's calls end with UNAVAILABLE. */
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

/** The defaults, and what is given instead. @throws TypeError or RangeError that names the limit. */
export function withDefaults<Limits extends MessageLimits>(
  defaults: Limits,
  told: { readonly [Name in keyof Limits]?: Limits[Name] | undefined } = {},
): Limits {
  refuseUnknown("limits", told, defaults);
  for (const [name, value] of Object.entries(told)) optional(checkerOf(name), `limits.${name}`, value);
  const given = Object.entries(told).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

/** Times and rates are numbers; all other limits count something. */
function checkerOf(name: string): (name: string, value: unknown) => number {
  if (name.endsWith("Ms")) return checkTime;
  return name.endsWith("PerSecond") ? checkRate : checkCount;
}

function checkRate(name: string, value: unknown): number {
  return checkNumber(name, "a positive number", value, (rate) => rate > 0);
}
