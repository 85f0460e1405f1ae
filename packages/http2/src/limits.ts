// The limits of the engine. A peer that exceeds one loses its stream or its connection.

/**
 * Limits for what a peer can make this side hold or do. Sizes are in bytes, times in milliseconds,
 * rates in events per second for each connection.
 */
export interface Limits {
  /**
   * SETTINGS_MAX_FRAME_SIZE of this side: 16,384 to 16,777,215. Larger frames cause
   * FRAME_SIZE_ERROR. Default: 16,384, the size that h2spec requires.
   */
  maxFrameSize: number;
  /**
   * SETTINGS_MAX_HEADER_LIST_SIZE: the decoded size of a header list (RFC 9113, section 6.5.2). A
   * larger list only fails its stream. Default: 65,536.
   */
  maxHeaderListSize: number;
  /**
   * The encoded size of a header block, summed over its frames. A larger block closes the
   * connection with ENHANCE_YOUR_CALM. Default: 131,072.
   */
  maxHeaderBlockSize: number;
  /** The number of CONTINUATION frames in a header block. Default: 64. */
  maxContinuations: number;
  /** The time from HEADERS to END_HEADERS. Default: 10,000. */
  headerBlockTimeout: number;
  /** SETTINGS_HEADER_TABLE_SIZE of this side: the memory of the HPACK decoder. Default: 4,096. */
  headerTableSize: number;
  /** The maximum table size of the HPACK encoder, even if the peer allows more. Default: 4,096. */
  encoderTableSize: number;
  /**
   * SETTINGS_MAX_CONCURRENT_STREAMS of a server. Streams above it get REFUSED_STREAM. Default:
   * 1,000.
   */
  maxConcurrentStreams: number;
  /**
   * The rate of refused streams. An honest peer is refused only before it knows the limit. Default:
   * 1,000.
   */
  refusedStreamRate: number;
  /**
   * The rate of RST_STREAM frames on open streams that a server accepts, plus one for each
   * completed stream (CVE-2023-44487). Default: 500.
   */
  resetRate: number;
  /** The burst of `resetRate`. Default: twice `resetRate`. */
  resetBurst: number;
  /**
   * The rate of stream errors that a server answers with RST_STREAM or 431 (CVE-2025-8671).
   * Default: 100.
   */
  streamErrorRate: number;
  /**
   * The rate of PING frames, except acknowledgements, plus one for each DATA frame that this side
   * sends. Default: 50.
   */
  pingRate: number;
  /** The rate of SETTINGS frames. Default: 20. */
  settingsRate: number;
  /**
   * The rate of empty frames: DATA without bytes and END_STREAM, and empty HEADERS or CONTINUATION
   * fragments. Default: 200.
   */
  emptyFrameRate: number;
  /**
   * The rate of WINDOW_UPDATE frames, plus two for each DATA frame that this side sends. Default:
   * 2,000.
   */
  windowUpdateRate: number;
  /**
   * The rate of PRIORITY, unknown and other ignored frames, plus one RST_STREAM for each stream.
   * Default: 500.
   */
  ignoredFrameRate: number;
  /**
   * The overhead in bytes of a received part of less than 1 KiB until it is credited, for handlers
   * that keep each part. Default: 128.
   */
  partOverhead: number;
  /**
   * Bytes received and not yet credited on one stream, with the overhead of each part. A stream
   * above it is reset with ENHANCE_YOUR_CALM. Default: 32 MiB.
   */
  maxStreamBuffer: number;
  /**
   * Bytes received and not yet credited on one connection. The connection window stays closed above
   * it. Default: 64 MiB.
   */
  maxConnectionBuffer: number;
  /**
   * Bytes received and not yet credited in the whole process. Connection windows stay closed above
   * it. Default: 512 MiB.
   */
  maxProcessBuffer: number;
  /**
   * Bytes that handlers have written on one connection and that wait for flow control or the
   * socket, with the overhead of each part. A write above it resets its stream. Handlers that wait
   * for `onDrain` stay far below it. Default: 256 MiB.
   */
  maxSendBuffer: number;
  /** The same for the whole process. Default: 1 GiB. */
  maxProcessSendBuffer: number;
  /**
   * Bytes that wait for a peer that does not read. Above it, a server stops reading from the
   * connection until the bytes have been sent. Default: 256 KiB.
   */
  maxOutputBuffer: number;
  /**
   * The number of replies (acknowledgements, RST_STREAM) that wait for a peer that does not read. A
   * connection above it is destroyed. Default: 10,000.
   */
  maxQueuedReplies: number;
  /** The time for the peer's preface and first SETTINGS. Default: 10,000. */
  prefaceTimeout: number;
  /**
   * The time for the acknowledgement of SETTINGS, after which the connection ends with
   * SETTINGS_TIMEOUT. Default: 30,000.
   */
  settingsTimeout: number;
  /**
   * The time without a stream after which a connection closes gracefully. 0 disables it. Default:
   * 600,000 on a server, 0 on a client.
   */
  idleTimeout: number;
  /**
   * The time without write progress after which the connection is destroyed. 0 disables it.
   * Default: 60,000.
   */
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

/**
 * Returns the limits of a role with the user's overrides. Throws a RangeError that names a limit
 * that is out of range.
 */
export function resolveLimits(role: "client" | "server", given: Partial<Limits> = {}): Limits {
  const resetBurst = (given.resetRate ?? defaults.resetRate) * 2;
  const limits: Limits = { ...defaults, resetBurst, idleTimeout: role === "server" ? 600_000 : 0 };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!(name in limits)) throw new RangeError(`limits.${name} is not a limit`);
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
