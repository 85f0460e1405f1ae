// Every limit of the engine, with its unit and default. A peer that passes one of them loses its stream or its connection.

/** Limits for what a peer can make this side hold or do. Sizes are bytes, times milliseconds, rates events a second for each connection. */
export interface Limits {
  /** SETTINGS_MAX_FRAME_SIZE that this side announces: 16,384 to 16,777,215. Larger frames are a FRAME_SIZE_ERROR. Default: 16,384, which h2spec needs. */
  maxFrameSize: number;
  /** SETTINGS_MAX_HEADER_LIST_SIZE: decoded size of a header list (RFC 9113, section 6.5.2). A larger list fails its stream only. Default: 65,536. */
  maxHeaderListSize: number;
  /** Encoded size of one header block, all its frames together. A larger block closes the connection with ENHANCE_YOUR_CALM. Default: 131,072. */
  maxHeaderBlockSize: number;
  /** CONTINUATION frames in one header block. Default: 64. */
  maxContinuations: number;
  /** Time from HEADERS to END_HEADERS. Default: 10,000. */
  headerBlockTimeout: number;
  /** SETTINGS_HEADER_TABLE_SIZE that this side announces: the memory of the HPACK decoder. Default: 4,096. */
  headerTableSize: number;
  /** The largest table that the HPACK encoder uses, whatever the peer announces. Default: 4,096. */
  encoderTableSize: number;
  /** SETTINGS_MAX_CONCURRENT_STREAMS that a server announces. Streams above it get REFUSED_STREAM. Default: 1,000. */
  maxConcurrentStreams: number;
  /** Streams that were refused, a second. An honest peer is refused only before it knows the limit. Default: 1,000. */
  refusedStreamRate: number;
  /** RST_STREAM frames on open streams that a server accepts, a second, above one for each stream that completes (CVE-2023-44487). Default: 500. */
  resetRate: number;
  /** How many of them it accepts at once, before `resetRate` counts. Default: a rate of two seconds. */
  resetBurst: number;
  /** Stream errors of the peer that a server answers with RST_STREAM or 431, a second (CVE-2025-8671). Default: 100. */
  streamErrorRate: number;
  /** PING frames (not acknowledgements) a second, above one for each DATA frame that this side sent. Default: 50. */
  pingRate: number;
  /** SETTINGS frames a second. Default: 20. */
  settingsRate: number;
  /** Frames a second that carry nothing: DATA without bytes and without END_STREAM, empty HEADERS or CONTINUATION fragments. Default: 200. */
  emptyFrameRate: number;
  /** WINDOW_UPDATE frames a second, above two for each DATA frame that this side sent. Default: 2,000. */
  windowUpdateRate: number;
  /** PRIORITY, unknown and other ignored frames a second, above one RST_STREAM for each stream. Default: 500. */
  ignoredFrameRate: number;
  /** What a received part of less than 1 KiB counts beside its bytes until it is credited: what a handler that keeps each part holds. Default: 128. */
  partOverhead: number;
  /** Bytes received and not yet credited on one stream, with the overhead of each part. The stream is reset with ENHANCE_YOUR_CALM. Default: 32 MiB. */
  maxStreamBuffer: number;
  /** Bytes received and not yet credited on one connection. Above it the connection window stays closed until the handlers credit. Default: 64 MiB. */
  maxConnectionBuffer: number;
  /** Bytes received and not yet credited in the whole process: connection windows stay closed above it. Default: 512 MiB. */
  maxProcessBuffer: number;
  /**
   * Bytes that handlers have written on one connection and that wait for flow control or the socket, with the overhead of each part. A write
   * above it resets its stream. Handlers that wait for `onDrain` stay far below. Default: 256 MiB.
   */
  maxSendBuffer: number;
  /** The same in the whole process. Default: 1 GiB. */
  maxProcessSendBuffer: number;
  /** Bytes that wait for a peer that does not read: a server stops reading from the connection above it, until the bytes have left. Default: 256 KiB. */
  maxOutputBuffer: number;
  /** Replies (acknowledgements, RST_STREAM) that wait for a peer that does not read. A connection above it is destroyed. Default: 10,000. */
  maxQueuedReplies: number;
  /** Time for the peer's preface and first SETTINGS. Default: 10,000. */
  prefaceTimeout: number;
  /** Time for the acknowledgement of SETTINGS. Then the connection ends with SETTINGS_TIMEOUT. Default: 30,000. */
  settingsTimeout: number;
  /** Time without a stream after which a connection is closed gracefully. 0 turns it off. Default: 600,000 on a server, 0 on a client. */
  idleTimeout: number;
  /** Time in which the socket must take some of what waits for it. Then the connection is destroyed. 0 turns it off. Default: 60,000. */
  writeTimeout: number;
}

const maxUint32 = 0xffff_ffff;

const defaults: Omit<Limits, "idleTimeout" | "resetBurst"> = {
  maxFrameSize: 16_384,
  maxHeaderListSize: 65_536,
  maxHeaderBlockSize: 131_072,
  maxContinuations: 64,
  headerBlockTimeout: 10_000,
  headerTableSize: 4096,
  encoderTableSize: 4096,
  maxConcurrentStreams: 1000,
  refusedStreamRate: 1000,
  resetRate: 500,
  streamErrorRate: 100,
  pingRate: 50,
  settingsRate: 20,
  emptyFrameRate: 200,
  windowUpdateRate: 2000,
  ignoredFrameRate: 500,
  partOverhead: 128,
  maxStreamBuffer: 32 * 1024 * 1024,
  maxConnectionBuffer: 64 * 1024 * 1024,
  maxProcessBuffer: 512 * 1024 * 1024,
  maxSendBuffer: 256 * 1024 * 1024,
  maxProcessSendBuffer: 1024 * 1024 * 1024,
  maxOutputBuffer: 256 * 1024,
  maxQueuedReplies: 10_000,
  prefaceTimeout: 10_000,
  settingsTimeout: 30_000,
  writeTimeout: 60_000,
};

/** The limits of a side, with what its user sets. Throws a RangeError that names a limit that is out of range. */
export function resolveLimits(role: "client" | "server", given: Partial<Limits> = {}): Limits {
  const resetBurst = (given.resetRate ?? defaults.resetRate) * 2;
  const limits: Limits = { ...defaults, resetBurst, idleTimeout: role === "server" ? 600_000 : 0 };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!(name in limits)) throw new RangeError(`limits.${name} is unknown`);
    if (!Number.isFinite(value) || value < 0) throw new RangeError(`limits.${name} must be a number of 0 or more, got ${value}`);
    limits[name as keyof Limits] = value;
  }
  for (const name of ["maxHeaderListSize", "headerTableSize", "maxConcurrentStreams", "maxFrameSize"] as const) {
    const value = limits[name];
    // SETTINGS carries 32 bits (RFC 9113, section 6.5.1).
    if (!Number.isInteger(value) || value > maxUint32)
      throw new RangeError(`limits.${name} must be a whole number up to ${maxUint32}, got ${value}`);
  }
  if (limits.maxFrameSize < 16_384 || limits.maxFrameSize > 0xff_ffff) {
    throw new RangeError(`limits.maxFrameSize must be 16384 to 16777215 bytes, got ${limits.maxFrameSize}`);
  }
  return limits;
}
