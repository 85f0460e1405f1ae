// Many subscriptions to one log.
import { ahead, closed, trimmed } from "./error.ts";
import type { Positioned, Subscription } from "./live.ts";
import type { ReadableLog } from "./log.ts";
import { subscription } from "./reader.ts";
import { Tail } from "./tail.ts";

/** Where a subscription begins: after a position, after the later of a position and the start, or at an end. */
export type Place = bigint | { readonly atLeast: bigint } | "end" | "start";

export interface SubscriptionOptions {
  /** Default: `end`. */
  readonly from?: Place | undefined;
  readonly signal?: AbortSignal | undefined;
  /** See `SubscribeOptions`. Default: 10,000. */
  readonly maxBehind?: number | undefined;
}

export interface Subscriptions<E extends Positioned> {
  /** As `subscribe` of `Live`. */
  subscribe(topic: string, options?: SubscriptionOptions): Promise<Subscription<E>>;
  /** Fails all subscriptions, and further ones, with `closed`. */
  close(): void;
}

/**
 * Lets the readers of a process share a log: one of them follows each topic, and fills a bounded
 * window of recent entries for all. A reader that has left the window reads from the log.
 */
export function subscriptionsTo<E extends Positioned>(log: ReadableLog<E>): Subscriptions<E> {
  const tails = new Map<string, Tail<E>>();
  let isClosed = false;

  const tailOf = (topic: string, end: bigint): Tail<E> => {
    const existing = tails.get(topic);
    if (existing !== undefined) return existing;
    const tail = new Tail(log, topic, end, () => {
      if (tails.get(topic) === tail) tails.delete(topic);
    });
    tails.set(topic, tail);
    return tail;
  };

  return {
    async subscribe(topic, { from = "end", maxBehind = 10_000, signal } = {}) {
      if (isClosed) throw closed();
      const { start, end } = await log.bounds(topic);
      if (isClosed) throw closed();
      const position = positionOf(from, start, end);
      if (position > end) throw ahead(topic, position, end);
      if (position < start) throw trimmed(topic, position);
      return subscription({ log, topic, tail: tailOf(topic, end), position, maxBehind, signal });
    },
    close() {
      isClosed = true;
      for (const tail of [...tails.values()]) tail.fail(closed());
    },
  };
}

function positionOf(from: Place, start: bigint, end: bigint): bigint {
  if (from === "start") return start;
  if (from === "end") return end;
  if (typeof from === "bigint") return from;
  return from.atLeast < start ? start : from.atLeast;
}
