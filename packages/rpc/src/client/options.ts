// The options of one call.
import { inspect } from "node:util";
import type { CallOptions as GrpcCallOptions, Metadata } from "@grpc/grpc-js";
import type { Compression } from "../compression/algorithm.ts";
import type { MetadataInit } from "../metadata.ts";

/** What cancels a call: the part of an AbortSignal that is used, and so any AbortSignal. */
export interface CancelSignal {
  readonly aborted: boolean;
  /** What it was aborted with. An RpcError is what the call then fails with. */
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Options of one call. Those of grpc-js (`host`, `parent`, `propagate_flags`, `credentials`, `interceptors`, …) are taken too. */
export interface CallOptions extends GrpcCallOptions {
  /**
   * How long the call may take, in milliseconds; then it fails with DEADLINE_EXCEEDED. Default: for ever. With `deadline`, the earlier one counts. More than
   * 2,147,483,647 ms (24.8 days) count as that. A call whose time has passed is not sent.
   */
  readonly timeoutMs?: number;
  /** Cancels the call: it fails with CANCELLED, or, by an `AbortSignal.timeout()`, with DEADLINE_EXCEEDED. */
  readonly signal?: CancelSignal;
  /** Sent with the request. */
  readonly metadata?: MetadataInit;
  /**
   * How requests are compressed; not at all, once the server has said that it does not take that. Default `identity`. Compressed responses are taken
   * in any case.
   */
  readonly compression?: Compression;
  /** Called with the response's header, if one comes. What it throws ends the call, which then fails with that. */
  readonly onHeader?: (header: Metadata) => void;
  /** Called with the response's trailer, when the call ends, however it ends. What it throws, a call that was OK fails with. */
  readonly onTrailer?: (trailer: Metadata) => void;
}

/** Options of one request of a stream. */
export interface SendOptions {
  /** Whether it is compressed, in a call with `compression`. Default true. */
  readonly compress?: boolean;
}

/** The last moment that a Date can be. */
const latestMs = 8.64e15;

/**
 * When a call has to end: in milliseconds since 1970, or Infinity. What is too long for a Date counts as the last moment that it can be.
 * @throws RangeError if one of the options is no time.
 */
export function deadlineOf({ timeoutMs = Number.POSITIVE_INFINITY, deadline = Number.POSITIVE_INFINITY }: CallOptions): number {
  if (typeof timeoutMs !== "number" || Number.isNaN(timeoutMs)) {
    throw new RangeError(`timeoutMs must be a number of milliseconds, got ${inspect(timeoutMs)}`);
  }
  const at: unknown = deadline instanceof Date ? deadline.getTime() : deadline;
  if (typeof at !== "number" || Number.isNaN(at)) {
    throw new RangeError(`deadline must be a valid Date, or milliseconds since 1970, got ${inspect(deadline)}`);
  }
  const earlier = Math.min(Date.now() + timeoutMs, at);
  return earlier === Number.POSITIVE_INFINITY ? earlier : Math.min(Math.max(earlier, -latestMs), latestMs);
}
