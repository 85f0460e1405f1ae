// Orders as they are placed, for many watchers of a process.
import { followPages, LiveError, processWakes, type ReadableLog, type Subscription, subscriptionsTo, type Wakes } from "@grpc-study/live";
import { sql } from "kysely";
import type { Run } from "./connections.ts";
import { StoreError } from "./errors.ts";
import type { StoreCallOptions } from "./options.ts";
import type { Orders, PlacedOrder } from "./orders.ts";

export interface WatchOptions extends StoreCallOptions {
  /** Only orders after this position. Default: those that are placed from now on. */
  readonly after?: bigint | undefined;
  /**
   * How many orders a watcher that has reached the newest one may fall behind, before it fails with
   * `behind`. Default: 10,000.
   */
  readonly maxBehind?: number | undefined;
}

/** Orders by position. Before the first one, its `position` is the one where the watch begins. */
export type OrderWatch = Subscription<PlacedOrder>;

export interface OrderWatches {
  /**
   * Iterates over orders as they are placed, by whatever process, without gaps: a watcher continues
   * after the last position that it saw. It waits while the database does not work. It ends without an
   * error when its signal aborts.
   *
   * @throws LiveError `ahead` if the database does not have the position, `unavailable`, `closed`. The
   * iteration throws `behind` and `closed`.
   */
  watch(options?: WatchOptions): Promise<OrderWatch>;
  /** Says that an order has been placed. */
  announce(): void;
  /** Fails all watches, and further ones, with `closed`. */
  close(): Promise<void>;
}

/** The topic and the channel of the wake-ups. */
export const ordersChannel = "orders";
/** Milliseconds after which watchers look for orders whose wake-up was lost. */
const pollMs = 5000;
/** Milliseconds that a read may take. */
const readTimeoutMs = 10_000;
/** What an order takes besides its number, in bytes. */
const orderBytes = 300;

/**
 * The position after which the next order follows. The newest row may be deleted, and a new process has
 * none in memory: the sequence does not fall. It is ahead of the rows while somebody places an order,
 * which the lock tells, and on a standby. The row is then the newest one that all see.
 */
const newest = sql<{ end: string }>`select greatest(
    (select max(position) from orders),
    (select last_value from orders_position where is_called and idle.idle)
  ) as "end"
  from (select not pg_is_in_recovery() and pg_try_advisory_xact_lock_shared(7237126913) as idle offset 0) as idle`;

export function createOrderWatches(run: Run, list: Orders["list"], wakes: Wakes = processWakes()): OrderWatches {
  const end = new AbortController();
  const withTimeout = () => ({ signal: AbortSignal.any([end.signal, AbortSignal.timeout(readTimeoutMs)]) });
  const read = async (_topic: string, after: bigint, limit: number) => (await available(list({ after, limit }, withTimeout()))).orders;
  const log: ReadableLog<PlacedOrder> = {
    read,
    bounds: shared(async () => {
      const { rows } = await answered(run(withTimeout(), (db) => newest.execute(db)));
      return { start: 0n, end: BigInt(rows[0]?.end ?? 0) };
    }),
    follow: (topic, after, signal) => followPages({ read, wakes, pollMs }, topic, after, signal),
    bytesOf: ({ no }) => orderBytes + 2 * no.length,
  };
  const subscriptions = subscriptionsTo(log);
  return {
    watch: ({ after, maxBehind, signal } = {}) => subscriptions.subscribe(ordersChannel, { from: after ?? "end", maxBehind, signal }),
    announce: () => wakes.announce(ordersChannel),
    async close() {
      subscriptions.close();
      end.abort(new LiveError("closed", "the store is closed"));
      await wakes.close();
    },
  };
}

/**
 * Shares a query among its callers: those that arrive while one runs share the next one, as the answer
 * of the running one may be older than they are. A thousand watchers that reconnect at once need two.
 */
function shared<T>(query: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  const start = () => {
    next = undefined;
    return query();
  };
  return () => {
    if (next === undefined) {
      next = last.then(start, start);
      last = next;
    }
    return next;
  };
}

/** Watchers wait while the database does not work, and continue once it does. */
async function available<T>(result: Promise<T>): Promise<T> {
  try {
    return await answered(result);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new LiveError("unavailable", error.message, { cause: error });
  }
}

async function answered<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
    throw new StoreError("unavailable", "the database does not answer", error);
  }
}
