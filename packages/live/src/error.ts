/**
 * Why a call of a log failed.
 *
 * - `behind`: the reader was slower than the topic, and lost more than `maxBehind` entries of
 *   distance. It can subscribe again from `position`.
 * - `trimmed`: the log no longer has the entry after `position`.
 * - `ahead`: `position` is after the end of the topic, so it belongs to another log.
 * - `unavailable`: the log's server cannot be reached. Whether an entry was published is unknown:
 *   publish it again with the same `id`.
 * - `closed`: the log was closed.
 */
export type LiveReason = "ahead" | "behind" | "closed" | "trimmed" | "unavailable";

/** Each failure of a log, except for wrong arguments (`TypeError`, `RangeError`) and bugs. */
export class LiveError extends Error {
  override readonly name = "LiveError";
  readonly reason: LiveReason;
  /** The position of the last entry that the reader received. */
  readonly position: bigint | undefined;

  constructor(reason: LiveReason, message: string, options: { readonly position?: bigint; readonly cause?: unknown } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : {});
    this.reason = reason;
    this.position = options.position;
  }
}

export const behind = (topic: string, position: bigint, entries: number) =>
  new LiveError("behind", `the reader of topic ${topic} is ${entries} entries behind; it can continue from position ${position}`, {
    position,
  });

export const trimmed = (topic: string, position: bigint) =>
  new LiveError("trimmed", `topic ${topic} no longer has the entry after position ${position}`, { position });

export const ahead = (topic: string, position: bigint, end: bigint) =>
  new LiveError("ahead", `position ${position} is after the end ${end} of topic ${topic}`, { position });

export const unavailable = (what: string, cause: unknown) =>
  new LiveError("unavailable", `${what} is unavailable: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });

export const closed = () => new LiveError("closed", "the log is closed");

export const isUnavailable = (error: unknown): boolean => error instanceof LiveError && error.reason === "unavailable";
