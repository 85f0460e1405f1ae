// The options of one call.
import { checkNumber, type Names, optional, unknownOption, wrongType } from "../checks.ts";
import { ContextValues } from "../context-values.ts";
import { checkInherit, type InheritOptions } from "../propagation/inherit.ts";
import { type Compression, checkCompression } from "../protocol/compression.ts";
import { type Metadata, MetadataError, type MetadataInit, toMetadata } from "../protocol/metadata.ts";
import { requestFault } from "../protocol/metadata-rules.ts";
import { steadyNow, toSteadyTime } from "../steady-clock.ts";
import type { ClientInterceptor } from "./context.ts";

/** The members of an AbortSignal that a call uses. */
export interface CancelSignal {
  readonly aborted: boolean;
  /** Why the signal aborted. If it is an RpcError, the call fails with it. */
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Options of one call. */
export interface CallOptions {
  /**
   * The time limit of the call, in milliseconds. The call fails with DEADLINE_EXCEEDED once it has
   * passed. If `deadline` is set too, the earlier one applies. A call without time left is not
   * sent. Default: Infinity.
   */
  readonly timeoutMs?: number | undefined;
  /** The time limit of the call as a Date, or as milliseconds since 1970. Default: none. */
  readonly deadline?: Date | number | undefined;
  /**
   * Cancels the call when it aborts. The call then fails with CANCELLED, with DEADLINE_EXCEEDED for
   * an `AbortSignal.timeout()`, or with the signal's reason if that is an RpcError.
   */
  readonly signal?: CancelSignal | undefined;
  /**
   * What the call inherits if it is made inside the handler of a call. `false`: nothing. The options
   * that are given replace those of the client. Default: those of the client.
   */
  readonly inherit?: InheritOptions | false | undefined;
  /** Metadata to send with the request. */
  readonly metadata?: MetadataInit | undefined;
  /**
   * The compression algorithm for requests. Requests go uncompressed once the server has said that
   * it does not accept the algorithm. Compressed responses are always accepted. Default:
   * `identity`.
   */
  readonly compression?: Compression | undefined;
  /**
   * Whether the call waits for a connection, until its deadline, while attempts to connect fail.
   * Otherwise it fails with UNAVAILABLE as soon as an attempt fails
   * (https://github.com/grpc/grpc/blob/master/doc/wait-for-ready.md). Default: the channel's
   * setting for the method, or false.
   */
  readonly waitForReady?: boolean | undefined;
  /** The `:authority` of the request. Default: the channel's. */
  readonly authority?: string | undefined;
  /**
   * Interceptors of this call, inside those of the client. The first is the outermost. Default: none.
   */
  readonly interceptors?: readonly ClientInterceptor[] | undefined;
  /**
   * Values for the interceptors of the call, which may add others for the caller. Default: none.
   *
   * @example
   * await client.sayHello({}, { values: new ContextValues().set(attempts, 3) });
   */
  readonly values?: ContextValues | undefined;
  /**
   * Called with the response's header when it arrives. If it throws, the call ends and fails with
   * that error.
   */
  readonly onHeader?: ((header: Metadata) => void) | undefined;
  /**
   * Called with the response's trailer when a call that was sent ends, successfully or not. If it
   * throws, a call that succeeded fails with that error.
   */
  readonly onTrailer?: ((trailer: Metadata) => void) | undefined;
}

/** Options of one request of a stream. */
export interface SendOptions {
  /** Whether to compress the request, if the call has `compression`. Default: true. */
  readonly compress?: boolean | undefined;
}

export const noOptions: CallOptions = {};

const names: Names<CallOptions> = {
  timeoutMs: true,
  deadline: true,
  signal: true,
  inherit: true,
  metadata: true,
  compression: true,
  waitForReady: true,
  authority: true,
  interceptors: true,
  values: true,
  onHeader: true,
  onTrailer: true,
};

const sendNames: Names<SendOptions> = { compress: true };

/** Returns an error for an unknown option of `send()` or a value of the wrong type. */
export function sendOptionsFault(options: SendOptions | undefined): TypeError | undefined {
  if (options === undefined) return undefined;
  const unknown = unknownOption("send()", options, sendNames);
  if (unknown !== undefined) return unknown;
  const { compress } = options;
  return compress === undefined || typeof compress === "boolean" ? undefined : wrongType("compress", "true or false", compress);
}

/**
 * Returns an error for an unknown option or a value of the wrong type. An instance of a class may
 * have further members.
 */
export function optionsFault(options: CallOptions | undefined): TypeError | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== "object" || options === null || Array.isArray(options))
    return wrongType("the options of a call", "an object", options);
  const prototype: unknown = Object.getPrototypeOf(options);
  const unknown = prototype === Object.prototype || prototype === null ? unknownOption("a call", options, names) : undefined;
  return unknown ?? valueFault(options);
}

/** Checks the values that no later step checks. */
function valueFault({
  signal,
  inherit,
  waitForReady,
  authority,
  interceptors,
  values,
  onHeader,
  onTrailer,
}: CallOptions): TypeError | undefined {
  if (signal !== undefined && typeof signal?.addEventListener !== "function") return wrongType("signal", "an AbortSignal", signal);
  if (inherit !== undefined) {
    const wrong = faultOf(() => checkInherit("inherit", inherit));
    if (wrong !== undefined) return wrong;
  }
  if (waitForReady !== undefined && typeof waitForReady !== "boolean") return wrongType("waitForReady", "a boolean", waitForReady);
  if (authority !== undefined && typeof authority !== "string") return wrongType("authority", "a string", authority);
  if (authority !== undefined && !/^(?:(?![/?#@\\])[!-~])+$/.test(authority))
    return wrongType("authority", 'a host or "host:port"', authority);
  if (values !== undefined && !(values instanceof ContextValues)) return wrongType("values", "a ContextValues", values);
  if (interceptors !== undefined) {
    if (!Array.isArray(interceptors)) return wrongType("interceptors", "an array", interceptors);
    const index = interceptors.findIndex((interceptor) => typeof interceptor !== "function");
    if (index >= 0) return wrongType(`interceptors[${index}]`, "a function", interceptors[index]);
  }
  if (onHeader !== undefined && typeof onHeader !== "function") return wrongType("onHeader", "a function", onHeader);
  if (onTrailer !== undefined && typeof onTrailer !== "function") return wrongType("onTrailer", "a function", onTrailer);
  return undefined;
}

function faultOf(check: () => void): TypeError | RangeError | undefined {
  try {
    check();
  } catch (fault) {
    return fault as TypeError | RangeError;
  }
  return undefined;
}

/**
 * Checks a client's default options, including the values that each call checks when it uses them.
 * @throws TypeError or RangeError that names the option. MetadataError for metadata that cannot be
 * sent.
 */
export function checkDefaults(options: CallOptions | undefined): void {
  if (options === undefined) return;
  const wrong = optionsFault(options);
  if (wrong !== undefined) throw wrong;
  deadlineOf(options, steadyNow());
  optional(checkCompression, "compression", options.compression);
  const fault = options.metadata === undefined ? undefined : requestFault(toMetadata(options.metadata));
  if (fault !== undefined) throw new MetadataError(fault);
}

/** Merges the options of a call into the defaults. The options of the call take precedence. */
export function withDefaults(defaults: CallOptions, options: CallOptions | undefined): CallOptions {
  if (options === undefined) return defaults;
  if (defaults === noOptions) return options;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

function isTime(ms: number): boolean {
  return !Number.isNaN(ms);
}

/** The latest time that a Date can represent. */
const latestMs = 8.64e15;

/**
 * The deadline of a call by `steadyNow()`, or Infinity. Finite deadlines are limited to the range of
 * a Date.
 * @param nowMs when `timeoutMs` starts to count, by `steadyNow()`.
 * @throws TypeError or RangeError if an option is not a valid time.
 */
export function deadlineOf(
  { timeoutMs = Number.POSITIVE_INFINITY, deadline = Number.POSITIVE_INFINITY }: CallOptions,
  nowMs: number,
): number {
  checkNumber("timeoutMs", "a number of milliseconds", timeoutMs, isTime);
  const at: unknown = deadline instanceof Date ? deadline.getTime() : deadline;
  const endMs = checkNumber("deadline", "a valid Date, or milliseconds since 1970", at, isTime);
  const earlier = Math.min(nowMs + timeoutMs, toSteadyTime(endMs));
  return earlier === Number.POSITIVE_INFINITY ? earlier : Math.min(Math.max(earlier, -latestMs), latestMs);
}

/** Calls a callback of the options. Passes an exception or a rejection to `onFault`. */
export function callBack(
  options: CallOptions,
  name: "onHeader" | "onTrailer",
  metadata: Metadata,
  onFault: (fault: unknown) => void,
): void {
  try {
    const result: unknown = options[name]?.(metadata);
    if (result instanceof Promise) result.catch(onFault);
  } catch (fault) {
    onFault(fault);
  }
}
