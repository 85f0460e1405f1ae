// The options of one call.
import { inspect } from "node:util";
import { type Names, unknownOption } from "../known-options.ts";
import type { Compression } from "../protocol/compression.ts";
import type { Metadata, MetadataInit } from "../protocol/metadata.ts";

/** The members of an AbortSignal that a call uses. */
export interface CancelSignal {
  readonly aborted: boolean;
  /** The call fails with it, if it is an RpcError. */
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Options of one call. */
export interface CallOptions {
  /**
   * How long the call may take, in milliseconds. After that it fails with DEADLINE_EXCEEDED. Default: Infinity. If `deadline` is set, too,
   * the earlier one counts. A call without time left is not sent.
   */
  readonly timeoutMs?: number | undefined;
  /** When the call must have ended: a Date, or milliseconds since 1970. */
  readonly deadline?: Date | number | undefined;
  /** Cancels the call: it fails with CANCELLED, or, by an `AbortSignal.timeout()`, with DEADLINE_EXCEEDED. */
  readonly signal?: CancelSignal | undefined;
  /** Sent with the request. */
  readonly metadata?: MetadataInit | undefined;
  /**
   * How requests are compressed. They are sent uncompressed once the server has said that it does not accept the algorithm. Default:
   * `identity`. Compressed responses are always accepted.
   */
  readonly compression?: Compression | undefined;
  /**
   * Whether the call waits for a connection while attempts to connect fail, until its deadline. Otherwise it fails with UNAVAILABLE once an
   * attempt has failed (https://github.com/grpc/grpc/blob/master/doc/wait-for-ready.md). Default: false, unless the channel's options for
   * the method say otherwise.
   */
  readonly waitForReady?: boolean | undefined;
  /** The `:authority` of the request. Default: the channel's. */
  readonly authority?: string | undefined;
  /** Called with the response's header, if one comes. The call ends and fails with what it throws. */
  readonly onHeader?: ((header: Metadata) => void) | undefined;
  /** Called with the response's trailer when a call that was sent ends, with OK or not. A call that was OK fails with what it throws. */
  readonly onTrailer?: ((trailer: Metadata) => void) | undefined;
}

/** Options of one request of a stream. */
export interface SendOptions {
  /** Whether the request is compressed, in a call with `compression`. Default: true. */
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

/** Returns an error that names an unknown option of `send()`. */
export function sendOptionsFault(options: SendOptions | undefined): TypeError | undefined {
  return unknownOption("send()", options, sendNames);
}

/** Returns an error that names an unknown option, or a value of a wrong type. An instance of a class may have further members. */
export function optionsFault(options: CallOptions | undefined): TypeError | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== "object" || options === null)
    return new TypeError(`the options of a call must be an object, got ${inspect(options)}`);
  const prototype: unknown = Object.getPrototypeOf(options);
  const unknown = prototype === Object.prototype || prototype === null ? unknownOption("a call", options, names) : undefined;
  return unknown ?? valueFault(options);
}

/** The values that are not checked where they are used. */
function valueFault({ signal, waitForReady, authority, onHeader, onTrailer }: CallOptions): TypeError | undefined {
  if (signal !== undefined && typeof signal?.addEventListener !== "function") return wrongValue("signal", "an AbortSignal", signal);
  if (waitForReady !== undefined && typeof waitForReady !== "boolean") return wrongValue("waitForReady", "a boolean", waitForReady);
  if (authority !== undefined && typeof authority !== "string") return wrongValue("authority", "a string", authority);
  if (authority !== undefined && !/^(?:(?![/?#@\\])[!-~])+$/.test(authority))
    return wrongValue("authority", "a host, with a port if any", authority);
  if (onHeader !== undefined && typeof onHeader !== "function") return wrongValue("onHeader", "a function", onHeader);
  if (onTrailer !== undefined && typeof onTrailer !== "function") return wrongValue("onTrailer", "a function", onTrailer);
  return undefined;
}

function wrongValue(name: keyof CallOptions, expected: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${expected}, got ${inspect(value, { depth: -1 })}`);
}

/** Merges the options of a call into the defaults. Options of the call win. */
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
