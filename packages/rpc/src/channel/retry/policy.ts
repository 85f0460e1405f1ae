// The policies of a method, as configured by typed options or by a service config.
import type { Code } from "../../protocol/code.ts";

/** A set of status codes: bit n stands for code n. */
export type CodeSet = number;

/** gRFC A6, retry policy. */
export interface RetryPolicy {
  /** Includes the first attempt. */
  readonly maxAttempts: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly backoffMultiplier: number;
  /** The codes to retry. */
  readonly codes: CodeSet;
}

/** gRFC A6, hedging policy. */
export interface HedgingPolicy {
  /** Includes the first attempt. */
  readonly maxAttempts: number;
  /** The delay between attempts. 0 sends all at once. */
  readonly delayMs: number;
  /** The codes that let the other attempts continue. */
  readonly nonFatalCodes: CodeSet;
}

/** The configuration for the calls of a method. */
export interface MethodPolicy {
  /** At most one of `retry` and `hedging` is set. */
  readonly retry: RetryPolicy | undefined;
  readonly hedging: HedgingPolicy | undefined;
  /** Infinity for no limit. */
  readonly timeoutMs: number;
  /** The default for calls without the option. */
  readonly waitForReady: boolean | undefined;
  /** The largest message before compression. Infinity for no limit. */
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
 * The wait before a retry, in milliseconds: an exponential back-off with a jitter of ±20 %. Until
 * August 2024, A6 specified a random time below the back-off.
 *
 * @param retries the number of earlier retries since the start or the last pushback.
 */
export function backoffMs({ initialBackoffMs, backoffMultiplier, maxBackoffMs }: RetryPolicy, retries: number): number {
  return Math.min(initialBackoffMs * backoffMultiplier ** retries, maxBackoffMs) * (0.8 + Math.random() * 0.4);
}

/**
 * Parses a `grpc-retry-pushback-ms` trailer. Returns the milliseconds to wait, or -1 if the text
 * forbids a retry or is malformed. Returns undefined without a trailer.
 */
export function parsePushback(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  // A signed 32-bit integer without leading zeros.
  if (!/^(0|[1-9]\d{0,9})$/.test(text)) return -1;
  const ms = Number(text);
  return ms <= 0x7fffffff ? ms : -1;
}
