// Converts the limits of a server to the options of its HTTP/2 engine.
import type { ServerOptions } from "@grpc-study/http2";
import type { ServerLimits } from "../../../limits/limits.ts";
import { Code } from "../../../protocol/code.ts";
import { httpList } from "./response-lists.ts";

const maxUint32 = 2 ** 32 - 1;
const maxInt31 = 2 ** 31 - 1;

export function engineOptions(limits: ServerLimits): Omit<ServerOptions, "onStream"> {
  const { maxMetadataBytes } = limits;
  const tooLarge = `the request's metadata has more bytes than limits.maxMetadataBytes, ${maxMetadataBytes}`;
  const pending = Math.min(limits.maxPendingBytesPerConnection, limits.maxPendingBytes);
  return {
    tooLarge: httpList(431, { code: Code.RESOURCE_EXHAUSTED, message: tooLarge, metadata: undefined }),
    // Metadata strips the spaces at the ends of values (PROTOCOL-HTTP2.md, ASCII-Value).
    keepSpaces: true,
    initialWindowSize: Math.min(limits.streamWindowBytes, maxInt31),
    connectionWindowSize: Math.min(limits.connectionWindowBytes, maxInt31),
    maxWindowSize: Math.min(limits.maxWindowBytes, maxInt31),
    ...(Number.isFinite(limits.keepaliveTimeMs)
      ? { keepalive: { interval: limits.keepaliveTimeMs, timeout: finite(limits.keepaliveTimeoutMs), withoutStreams: true } }
      : {}),
    limits: {
      maxHeaderListSize: Math.min(Math.floor(maxMetadataBytes), maxUint32),
      maxConcurrentStreams: Math.min(Math.floor(limits.maxConcurrentStreams), maxUint32),
      prefaceTimeout: finite(limits.handshakeTimeoutMs),
      headerBlockTimeout: finite(limits.handshakeTimeoutMs),
      idleTimeout: Number.isFinite(limits.maxConnectionIdleMs) ? limits.maxConnectionIdleMs : 0,
      resetRate: finite(limits.resetsPerSecond),
      resetBurst: finite(limits.resetBurst),
      pingRate: finite(limits.controlFramesPerSecond),
      // A SETTINGS frame may change the windows of all calls, so it is costly.
      settingsRate: Math.min(limits.controlFramesPerSecond, 100),
      streamErrorRate: finite(limits.invalidFramesPerSecond),
      ignoredFrameRate: finite(limits.invalidFramesPerSecond),
      emptyFrameRate: finite(limits.invalidFramesPerSecond),
      // Small chunks are copied together, and have no overhead.
      partOverhead: 0,
      // The limits for pending bytes end calls before the engine stops connections.
      maxStreamBuffer: finite(pending * 2),
      maxConnectionBuffer: finite(pending * 2),
      maxProcessBuffer: finite(limits.maxPendingBytes * 2),
    },
  };
}

/** The engine takes finite numbers. A huge number stands for no limit. */
function finite(limit: number): number {
  return Math.min(limit, 2 ** 48);
}
