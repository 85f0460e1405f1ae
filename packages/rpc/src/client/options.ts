// The options of one call.
import { inspect } from "node:util";
import { type Names, unknownOption } from "../known-options.ts";
import type { Compression } from "../protocol/compression.ts";
import type { Metadata, MetadataInit } from "../protocol/metadata.ts";

/** What cancels a call: the part of an AbortSignal that is used, and so any AbortSignal. */
export interface CancelSignal {
  readonly aborted: boolean;
  /** What it was aborted with. An RpcError is what the call then fails with. */
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Options of one call. */
export interface CallOptions {
  /**
   * How long the call may take, in milliseconds; then it fails with DEADLINE_EXCEEDED. Default: for ever. With `deadline`, the earlier one counts. A call whose
   * time has passed is not sent.
   */
  readonly timeoutMs?: number | undefined;
  /** When the call must have ended: a Date, or milliseconds since 1970. */
  readonly deadline?: Date | number | undefined;
  /** Cancels the call: it fails with CANCELLED, or, by an `AbortSignal.timeout()`, with DEADLINE_EXCEEDED. */
  readonly signal?: CancelSignal | undefined;
  /** Sent with the request. */
  readonly metadata?: MetadataInit | undefined;
  /**
   * How requests are compressed; not at all, once the server has said that it does not take that. Default `identity`. Compressed responses are taken
   * in any case.
   */
  readonly compression?: Compression | undefined;
  /**
   * Whether the call waits for a connection while attempts to connect fail, until its deadline. Otherwise it fails with UNAVAILABLE once an attempt has
   * failed (https://github.com/grpc/grpc/blob/master/doc/wait-for-ready.md). Default: false, unless the channel's options for the method say otherwise.
   */
  readonly waitForReady?: boolean | undefined;
  /** The `:authority` of the request. Default: the channel's. */
  readonly authority?: string | undefined;
  /** Called with the response's header, if one comes. What it throws ends the call, which then fails with that. */
  readonly onHeader?: ((header: Metadata) => void) | undefined;
  /** Called with the response's trailer, when the call ends, however it ends. What it throws, a call that was OK fails with. */
  readonly onTrailer?: ((trailer: Metadata) => void) | undefined;
}

/** Options of one request of a stream. */
export interface SendOptions {
  /** Whether it is compressed, in a call with `compression`. Default true. */
  readonly compress?: boolean | undefined;
}

export const noOptions: CallOptions = {};

const names: Names<CallOptions> = {
  timeoutMs: true,
  deadline: true,
  signal: true,
  metadata: true,
  compression: true,
  waitForReady: true,
  authority: true,
  onHeader: true,
  onTrailer: true,
};

const sendNames: Names<SendOptions> = { compress: true };

/** Why these are no options of a request; undefined if they are. */
export function sendOptionsFault(options: SendOptions | undefined): TypeError | undefined {
  return unknownOption("send()", options, sendNames);
}

/** Why these are no options of a call. An object of a class may have more: its author has said that it is one. */
export function optionsFault(options: CallOptions | undefined): TypeError | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== "object" || options === null)
    return new TypeError(`the options of a call must be an object, got ${inspect(options)}`);
  const prototype: unknown = Object.getPrototypeOf(options);
  const unknown = prototype === Object.prototype || prototype === null ? unknownOption("a call", options, names) : undefined;
  return unknown ?? valueFault(options);
}

/** Values that would be found wrong where no call can fail by them. */
function valueFault({ signal, waitForReady, authority }: CallOptions): TypeError | undefined {
  if (signal !== undefined && typeof signal?.addEventListener !== "function") return wrongValue("signal", "an AbortSignal", signal);
  if (waitForReady !== undefined && typeof waitForReady !== "boolean") return wrongValue("waitForReady", "a boolean", waitForReady);
  if (authority !== undefined && typeof authority !== "string") return wrongValue("authority", "a string", authority);
  return undefined;
}

function wrongValue(name: keyof CallOptions, expected: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${expected}, got ${inspect(value, { depth: -1 })}`);
}

/** The defaults, and a call's own options, which come first. */
export function withDefaults(defaults: CallOptions, options: CallOptions | undefined): CallOptions {
  if (options === undefined) return defaults;
  if (defaults === noOptions) return options;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
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
