// The log in PostgreSQL: a table is the truth, and NOTIFY wakes readers up.
import type { Pool } from "pg";
import { checkCount, checkEntry, checkTopic } from "../checks.ts";
import type { Live, PublishOptions } from "../live.ts";
import { liveOver } from "../live-over.ts";
import type { Wakes } from "../wakes.ts";
import type { Database, Queryable } from "./database.ts";
import { Listener } from "./listener.ts";
import { openPool, pgDatabase } from "./pg-database.ts";
import { type PgliteLike, pgliteDatabase } from "./pglite-database.ts";
import { PostgresLog, publishWith } from "./postgres-log.ts";

export type { Database, Queryable } from "./database.ts";
export { type DriverFault, driverFault } from "./driver-fault.ts";
export type { PgliteLike } from "./pglite-database.ts";
export { liveSchema } from "./schema.ts";

export interface PostgresLiveOptions {
  /** Creates the tables and the function with the first call. Default: `true`. See `liveSchema`. */
  readonly createSchema?: boolean;
  /** How often readers look for entries whose notification was lost, in milliseconds. Default: 5,000. */
  readonly pollMs?: number;
}

/**
 * Where the log is: the URL of a server, a pool of `pg` or a PGlite that the caller closes, or any
 * other connection to PostgreSQL, which the log closes.
 */
export type PostgresTarget =
  | { readonly url: string }
  | { readonly pool: Pool }
  | { readonly pglite: PgliteLike }
  | { readonly database: Database };

export interface PostgresLive extends Live {
  /**
   * Publishes within the caller's transaction: readers see the entry once it commits, and never if it
   * does not. The topic's row stays locked until then, so publish as late as possible, and publish to
   * several topics in the same order everywhere. Returns the position.
   *
   * It does not create the tables: call `ready` once before, unless they exist.
   *
   * @throws the errors of `transaction.query`
   */
  publishIn(transaction: Queryable, topic: string, data: Uint8Array, options?: PublishOptions): Promise<bigint>;
}

/**
 * A log in PostgreSQL. One connection of the pool listens as long as anything is subscribed, and one
 * query an entry serves all subscriptions of a topic in this process.
 *
 * @throws RangeError if the pool has fewer than two connections
 */
export function postgresLive(target: PostgresTarget, options: PostgresLiveOptions = {}): PostgresLive {
  const { createSchema = true, pollMs = 5_000 } = options;
  checkCount("pollMs", pollMs, 3_600_000);
  const live = liveOver(new PostgresLog(databaseOf(target), { createSchema, pollMs }));
  return {
    ...live,
    async publishIn(transaction, topic, data, { id } = {}) {
      checkTopic(topic);
      checkEntry(data, id);
      return publishWith(transaction, topic, data, id);
    },
  };
}

/**
 * Wake-ups for a table of the caller, by the notifications of a channel, whose payload is the topic. A
 * connection of its own listens from the first `add` to `close`.
 */
export function postgresWakes({ url }: { readonly url: string }, channel: string): Wakes {
  const database = pgDatabase(openPool(url), true);
  const listener = new Listener(database, channel);
  return {
    add: (topic, wake) => listener.add(topic, wake),
    announce: () => listener.announce(),
    async close() {
      await listener.close();
      await database.close();
    },
  };
}

function databaseOf(target: PostgresTarget): Database {
  if ("database" in target) return target.database;
  if ("pglite" in target) return pgliteDatabase(target.pglite);
  if ("url" in target) return pgDatabase(openPool(target.url), true);
  const { max } = target.pool.options;
  if (max < 2) throw new RangeError(`the pool must have at least 2 connections, as one listens, got ${max}`);
  return pgDatabase(target.pool, false);
}
