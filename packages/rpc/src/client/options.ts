// The options of one call.
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
  /** How long the call may take, in milliseconds; then it fails with DEADLINE_EXCEEDED. Default: for ever. With `deadline`, the earlier one counts. */
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
  /** Told of the response's header, if one comes. */
  readonly onHeader?: (header: Metadata) => void;
  /** Told of the response's trailer, when the call ends, however it ends. */
  readonly onTrailer?: (trailer: Metadata) => void;
}

/** Options of one request of a stream. */
export interface SendOptions {
  /** Whether it is compressed, in a call with `compression`. Default true. */
  readonly compress?: boolean;
}

/** When a call has to end: in milliseconds since 1970, or Infinity. */
export function deadlineOf({ timeoutMs = Infinity, deadline = Infinity }: CallOptions): number {
  if (Number.isNaN(timeoutMs)) throw new RangeError("timeoutMs is not a number");
  return Math.min(Date.now() + timeoutMs, typeof deadline === "number" ? deadline : deadline.getTime());
}
