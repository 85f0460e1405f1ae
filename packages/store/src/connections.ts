// Connections to the database, with cancellation.
import { Kysely, PostgresDialect, type PostgresPoolClient } from "kysely";
import pg from "pg";
import { StoreError, storeError } from "./errors.ts";
import type { StoreCallOptions } from "./options.ts";
import type { Schema } from "./schema/schema.ts";

/** Runs queries on one connection. Rejects with a StoreError, or with the reason of the signal. */
export type Run = <T>(options: StoreCallOptions | undefined, work: (db: Kysely<Schema>) => Promise<T>) => Promise<T>;

export interface Connections {
  readonly run: Run;
  /** Whether all connections are in use, and the database has answered lately. */
  isBusy(): boolean;
  close(): Promise<void>;
}

export interface ConnectionsOptions {
  readonly pool: pg.PoolConfig;
  /** Whether a second connection may cancel a query. PGlite has a single one. */
  readonly cancels: boolean;
}

interface Session {
  readonly db: Kysely<Schema>;
  /** The process of the server that serves the connection. */
  readonly pid: number;
}

/** Milliseconds until a connection must be established, or become free. */
export const connectTimeoutMs = 5000;
/**
 * A transaction that somebody leaves open keeps its locks, and those who wait for them keep connections:
 * the wait ends after a while. A query rather than an option of the connection, which proxies may reject.
 */
const firstQuery = "select pg_backend_pid() as pid, set_config('lock_timeout', '3s', false)";
/** Milliseconds without an answer after which a database whose connections are in use may hang. */
const busyMs = 30_000;

export function createConnections({ pool: config, cancels }: ConnectionsOptions): Connections {
  const pool = new pg.Pool({ connectionTimeoutMillis: connectTimeoutMs, ...config });
  // The database has closed an idle connection. The pool drops it, and opens another one when needed.
  pool.on("error", () => {});
  // A connection in use that is lost emits an error besides the one of its query.
  pool.on("connect", (client) => client.on("error", () => {}));
  const sessions = new WeakMap<pg.PoolClient, Session>();
  const cancelling = new Set<Promise<void>>();
  let inUse = 0;
  pool.on("acquire", () => inUse++);
  pool.on("release", () => inUse--);
  let lastAnswer = Number.NEGATIVE_INFINITY;

  const sessionOf = async (client: pg.PoolClient): Promise<Session> => {
    let session = sessions.get(client);
    if (session === undefined) {
      const { rows } = await client.query<{ pid: number }>(firstQuery);
      session = { db: kyselyOn(client), pid: rows[0]?.pid ?? 0 };
      sessions.set(client, session);
    }
    return session;
  };

  /** Cancels what a server process runs. Ignores failures: the caller has already been answered. */
  const cancel = async (pid: number) => {
    const control = new pg.Client({ connectionTimeoutMillis: connectTimeoutMs, query_timeout: connectTimeoutMs, ...config });
    control.on("error", () => {});
    try {
      await control.connect();
      await control.query("select pg_cancel_backend($1)", [pid]);
    } catch {
    } finally {
      await control.end().catch(() => {});
    }
  };

  const run: Run = async (options, work) => {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const { promise: aborted, resolve: abort } = Promise.withResolvers<typeof abortedMark>();
    const onAbort = () => abort(abortedMark);
    signal?.addEventListener("abort", onAbort);
    try {
      const connecting = pool.connect();
      const client = await Promise.race([connecting, aborted]);
      if (client === abortedMark) {
        connecting.then(
          (late) => late.release(),
          () => {},
        );
        throw signal?.reason;
      }
      let pid = 0;
      const working = sessionOf(client).then((session) => {
        ({ pid } = session);
        return work(session.db);
      });
      const outcome = await Promise.race([settle(working), aborted]);
      if (outcome !== abortedMark) {
        const error = "error" in outcome ? storeError(outcome.error) : undefined;
        if (!isBroken(error)) lastAnswer = performance.now();
        client.release(isBroken(error));
        if ("error" in outcome) throw error;
        return outcome.value;
      }
      if (cancels) {
        // A cancellation may arrive after the query and hit the next one, so the connection is not used again.
        const ending: Promise<void> = (pid === 0 ? Promise.resolve() : cancel(pid)).then(() => {
          client.release(true);
          cancelling.delete(ending);
        });
        cancelling.add(ending);
        working.catch(() => {});
      } else {
        settle(working).then(() => client.release());
      }
      throw signal?.reason;
    } catch (error) {
      throw storeError(error);
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  };

  return {
    run,
    isBusy: () => inUse >= pool.options.max && performance.now() - lastAnswer < busyMs,
    async close() {
      await Promise.all(cancelling);
      await pool.end();
    },
  };
}

const abortedMark = Symbol("aborted");

/** Whether the connection itself failed. After an error of PostgreSQL, the transaction is rolled back and the connection works. */
function isBroken(error: unknown): boolean {
  return error instanceof StoreError && !(error.cause instanceof pg.DatabaseError);
}

async function settle<T>(promise: Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

/** Queries on one connection of the pool, which stays with the caller. */
function kyselyOn(client: pg.PoolClient): Kysely<Schema> {
  const borrowed = { query: client.query.bind(client) as PostgresPoolClient["query"], release() {} };
  const pool = { connect: async () => borrowed, end: async () => {}, options: {} };
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
}
