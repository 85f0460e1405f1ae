import { DatabaseError, Pool, type PoolClient } from "pg";
import { unavailable } from "../error.ts";
import type { Database } from "./database.ts";
import { driverFault } from "./driver-fault.ts";

/** How long opening a connection and a statement may take, in milliseconds. */
const connectTimeoutMs = 5_000;
const statementTimeoutMs = 10_000;

/** How many connections a pool that the log opens has, one of which listens. */
const poolSize = 4;

/** A pool for a URL, which the log closes. */
export function openPool(url: string): Pool {
  return new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: statementTimeoutMs,
    keepAlive: true,
    application_name: "live",
  });
}

export function pgDatabase(pool: Pool, closePool: boolean): Database {
  // A pool without a listener for the errors of its connections ends the process, after `end` as well.
  pool.on("error", () => {});
  // So does a connection that the server ends before its first user listens to it.
  pool.on("connect", (client) => client.on("error", () => {}));
  return {
    query: (text, values) => available(pool.query(text, values)),
    async script(text) {
      await available(pool.query(text));
    },
    async listen(channel, onNotification, onLost, signal) {
      const client = await available(pool.connect());
      let open = true;
      const end = () => {
        if (!open) return;
        open = false;
        signal.removeEventListener("abort", end);
        // The connection still listens, so it must not return to the pool.
        client.release(true);
      };
      const lost = () => {
        if (open) onLost();
        end();
      };
      client.on("notification", ({ payload = "" }) => onNotification(payload));
      client.on("error", lost);
      client.on("end", lost);
      signal.addEventListener("abort", end);
      try {
        await listenOn(client, channel);
      } catch (error) {
        end();
        throw error;
      }
      if (signal.aborted) end();
    },
    async close() {
      if (closePool) await pool.end();
    },
  };
}

async function listenOn(client: PoolClient, channel: string): Promise<void> {
  await available(client.query(`LISTEN ${client.escapeIdentifier(channel)}`));
}

/** Turns the errors of a lost, refused or overloaded connection into `unavailable`. */
async function available<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw isConnectionError(error) ? unavailable("PostgreSQL", error) : error;
  }
}

function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // The classes of SQLSTATE: connection exception, invalid authorization, no such database, insufficient
  // resources, operator intervention (https://www.postgresql.org/docs/current/errcodes-appendix.html).
  if (error instanceof DatabaseError) return /^(08|28|3D|53|57)/.test(error.code ?? "");
  return driverFault(error) !== undefined;
}
