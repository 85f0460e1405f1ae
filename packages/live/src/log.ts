// What a store of entries provides. `liveOver` makes a Live of it.
import type { Entry, Positioned } from "./live.ts";

/** The part of a log that readers need. `subscriptionsTo` lets many of them share it. */
export interface ReadableLog<E extends Positioned> {
  /**
   * Returns up to `limit` entries after a position, and about 1 MiB at most. Empty at the end.
   * Throws `trimmed` if entries after the position are gone.
   */
  read(topic: string, after: bigint, limit: number): Promise<readonly E[]>;
  /** The position before the oldest entry of the topic, and the position at its end. */
  bounds(topic: string): Promise<{ readonly start: bigint; readonly end: bigint }>;
  /**
   * Iterates over the entries after a position as they arrive, until the signal aborts. Throws
   * `unavailable` if the connection is lost: the caller then follows from its last position.
   */
  follow(topic: string, after: bigint, signal: AbortSignal): AsyncIterable<readonly E[]>;
  /** About how many bytes an entry takes. */
  bytesOf(entry: E): number;
}

export interface Log extends ReadableLog<Entry> {
  /** Stores an entry, and returns its position. */
  append(topic: string, data: Uint8Array, id: string | undefined): Promise<bigint>;
  /** The position before the first entry that was stored at a time or later; the end if there is none. */
  before(topic: string, time: Date): Promise<bigint>;
  /** The position after which the topic has `count` entries, at least 1; its start if it has no more. */
  beforeLast(topic: string, count: number): Promise<bigint>;
  /** Deletes the entries up to a position. */
  trim(topic: string, upTo: bigint): Promise<void>;
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** About the size of a page, in bytes. */
export const maxPageBytes = 1024 * 1024;

/** `beforeLast` of a log whose positions have no gaps. */
export function lastOf({ start, end }: { readonly start: bigint; readonly end: bigint }, count: number): bigint {
  const before = end - BigInt(count);
  return before > start ? before : start;
}

export const bytesOfEntry = ({ data }: Entry): number => data.length;
