// The options of one call.
import { checkNumber, type Names, optional, unknownOption, wrongType } from "../checks.ts";
import { type Compression, checkCompression } from "../protocol/compression.ts";
import { type Metadata, MetadataError, type MetadataInit, toMetadata } from "../protocol/metadata.ts";
import { requestFault } from "../protocol/metadata-rules.ts";

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

/** Returns an error that names an unknown option of `send()`, or a value of a wrong type. */
export function sendOptionsFault(options: SendOptions | undefined): TypeError | undefined {
  if (options === undefined) return undefined;
  const unknown = unknownOption("send()", options, sendNames);
  if (unknown !== undefined) return unknown;
  const { compress } = options;
  return compress === undefined || typeof compress === "boolean" ? undefined : wrongType("compress", "true or false", compress);
}

/** Returns an error that names an unknown option, or a value of a wrong type. An instance of a class may have further members. */
export function optionsFault(options: CallOptions | undefined): TypeError | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== "object" || options === null || Array.isArray(options))
    return wrongType("the options of a call", "an object", options);
  const prototype: unknown = Object.getPrototypeOf(options);
  const unknown = prototype === Object.prototype || prototype === null ? unknownOption("a call", options, names) : undefined;
  return unknown ?? valueFault(options);
}

/** The values that are not checked where they are used. */
function valueFault({ signal, waitForReady, authority, onHeader, onTrailer }: CallOptions): TypeError | undefined {
  if (signal !== undefined && typeof signal?.addEventListener !== "function") return wrongType("signal", "an AbortSignal", signal);
  if (waitForReady !== undefined && typeof waitForReady !== "boolean") return wrongType("waitForReady", "a boolean", waitForReady);
  if (authority !== undefined && typeof authority !== "string") return wrongType("authority", "a string", authority);
  if (authority !== undefined && !/^(?:(?![/?#@\\])[!-~])+$/.test(authority))
    return wrongType("authority", "a host, with a port if any", authority);
  if (onHeader !== undefined && typeof onHeader !== "function") return wrongType("onHeader", "a function", onHeader);
  if (onTrailer !== undefined && typeof onTrailer !== "function") return wrongType("onTrailer", "a function", onTrailer);
  return undefined;
}

/**
 * Checks the options of every call of a client: also those whose values each call checks where it uses them.
 * @throws TypeError or RangeError that names the option, MetadataError for metadata that cannot be sent.
 */
export function checkDefaults(options: CallOptions | undefined): void {
  if (options === undefined) return;
  const wrong = optionsFault(options);
  if (wrong !== undefined) throw wrong;
  deadlineOf(options, Date.now());
  optional(checkCompression, "compression", options.compression);
  const fault = options.metadata === undefined ? undefined : requestFault(toMetadata(options.metadata));
  if (fault !== undefined) throw new MetadataError(fault);
}

/** Merges the options of a call into the defaults. Options of the call win. */
export function withDefaults(defaults: CallOptions, options: CallOptions | undefined): CallOptions {
  if (options === undefined) return defaults;
  if (defaults === noOptions) return options;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

function isTime(ms: number): boolean {
  return !Number.isNaN(ms);
}

/** The last moment that a Date can be. */
const latestMs = 8.64e15;

/**
 * When a call has to end: in milliseconds since 1970, or Infinity. What is too long for a Date counts as the last moment that it can be.
 * @param nowMs the time from which `timeoutMs` counts.
 * @throws TypeError or RangeError if one of the options is no time.
 */
export function deadlineOf(
  { timeoutMs = Number.POSITIVE_INFINITY, deadline = Number.POSITIVE_INFINITY }: CallOptions,
  nowMs: number,
): number {
  checkNumber("timeoutMs", "a number of milliseconds", timeoutMs, isTime);
  const at: unknown = deadline instanceof Date ? deadline.getTime() : deadline;
  const endMs = checkNumber("deadline", "a valid Date, or milliseconds since 1970", at, isTime);
  const earlier = Math.min(nowMs + timeoutMs, endMs);
  return earlier === Number.POSITIVE_INFINITY ? earlier : Math.min(Math.max(earlier, -latestMs), latestMs);
}
