// What is configured for a method, whichever way it was written: typed options or a service config.
import type { Code } from "../../protocol/code.ts";

/** A set of status codes: bit n stands for code n. */
export type CodeSet = number;

/** gRFC A6, retry policy. */
export interface RetryPolicy {
  /** With the first one. */
  readonly maxAttempts: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly backoffMultiplier: number;
  /** The codes that are retried. */
  readonly codes: CodeSet;
}

/** gRFC A6, hedging policy. */
export interface HedgingPolicy {
  /** With the first one. */
  readonly maxAttempts: number;
  /** Between attempts. 0: all at once. */
  readonly delayMs: number;
  /** The codes after which other attempts go on. */
  readonly nonFatalCodes: CodeSet;
}

/** What holds for the calls of a method. */
export interface MethodPolicy {
  /** One of both at most. */
  readonly retry: RetryPolicy | undefined;
  readonly hedging: HedgingPolicy | undefined;
  /** Infinity: none. */
  readonly timeoutMs: number;
  /** What a call does that does not say it. */
  readonly waitForReady: boolean | undefined;
  /** The most bytes of one message, before compression. Infinity: any. */
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
}

/** gRFC A6, throttling. */
export interface ThrottlingPolicy {
  readonly maxTokens: number;
  readonly tokenRatio: number;
}

export function hasCode(codes: CodeSet, code: Code): boolean {
  return (codes & (1 << code)) !== 0;
}

/**
 * How long to wait before a retry, in milliseconds: the exponential back-off with a jitter of ±20 %. Until August 2024, A6 had a random
 * time below the back-off.
 *
 * @param retries the retries before this one, since the start or the last pushback.
 */
export function backoffMs({ initialBackoffMs, backoffMultiplier, maxBackoffMs }: RetryPolicy, retries: number): number {
  return Math.min(initialBackoffMs * backoffMultiplier ** retries, maxBackoffMs) * (0.8 + Math.random() * 0.4);
}

/**
 * Reads a `grpc-retry-pushback-ms`: the milliseconds to wait, or -1 for no retry, also if the text is malformed. Undefined: there is
 * none.
 */
export function parsePushback(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  // A signed 32-bit integer without unnecessary zeros.
  if (!/^(0|[1-9]\d{0,9})$/.test(text)) return -1;
  const ms = Number(text);
  return ms <= 0x7fffffff ? ms : -1;
}
