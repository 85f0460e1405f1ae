// The store: opened once, used by all services of a process.

import type { Wakes } from "@grpc-study/live";
import { sql } from "kysely";
import { type Connections, createConnections } from "./connections.ts";
import { type Engine, startEngine } from "./embedded/engine.ts";
import { storeError } from "./errors.ts";
import { inMemory, type StoreLocation } from "./location.ts";
import type { OpenStoreOptions, StoreCallOptions } from "./options.ts";
import { createOrderWatches, type OrderWatches, ordersChannel } from "./order-watches.ts";
import { createOrders, type Orders } from "./orders.ts";
import { createProducts, type Products } from "./products.ts";
import { migrate, migrationsOf } from "./schema/migrate.ts";
import { createStock, type Stock } from "./stock.ts";
import { createUsers, type Users } from "./users.ts";

/** Each operation rejects with a StoreError if the database fails. */
export interface Store {
  readonly products: Products;
  readonly stock: Stock;
  readonly users: Users;
  readonly orders: Orders & Pick<OrderWatches, "watch">;
  /** The names of the migrations that opening ran. For a new folder, those that the build ran, too. */
  readonly migrated: readonly string[];
  /** What opening has changed in the folder, for the operator: one line each. */
  readonly warnings: readonly string[];
  /** Resolves if the database answers, and at once if all connections are in use and it has answered lately. */
  check(options?: StoreCallOptions): Promise<void>;
  /** Ends the connections once their queries have finished. PGlite writes a checkpoint. */
  close(): Promise<void>;
}

/**
 * Opens a store and runs the migrations that its database lacks.
 *
 * PGlite runs in a worker thread, so that its work does not delay the calls of this process. A
 * folder belongs to one process at a time.
 *
 * @throws StoreError if the database cannot be reached, FolderError if the folder cannot be written
 * or belongs to another process, the reason of the signal if it aborts.
 */
export async function openStore(location: StoreLocation, { signal, locked = false, natsUrl }: OpenStoreOptions = {}): Promise<Store> {
  signal?.throwIfAborted();
  let engine: Engine | undefined;
  let connections: Connections | undefined;
  let watches: OrderWatches | undefined;
  const close = async () => {
    await watches?.close();
    await connections?.close();
    await engine?.close();
  };
  try {
    if (location === inMemory || "dir" in location) {
      engine = await startEngine(location === inMemory ? undefined : location.dir, { signal, locked });
      const { connect } = engine;
      const single = { max: 1, idleTimeoutMillis: 0, connectionTimeoutMillis: 0, user: "postgres", database: "postgres", stream: connect };
      connections = createConnections({ pool: single, cancels: false });
    } else {
      const pool = { connectionString: location.url, keepAlive: true, application_name: "grpc-study" };
      connections = createConnections({ pool, cancels: true });
    }
    const { run, isBusy } = connections;
    const ran = await run({ signal }, migrate);
    const migrated = engine?.isNew ? await run({ signal }, migrationsOf) : ran;
    // The positions of an earlier process are before those of this one, rather than mistaken for them.
    if (location === inMemory) {
      await run({ signal }, (db) => sql`select setval('orders_position', ${String(Date.now() * 1000)}::bigint)`.execute(db));
    }
    const orders = createOrders(run, () => watches?.announce());
    watches = createOrderWatches(run, orders.list, await wakesOf(location, natsUrl));
    const { watch } = watches;
    return {
      products: createProducts(run),
      stock: createStock(run),
      users: createUsers(run),
      orders: { ...orders, watch },
      migrated,
      warnings: engine?.warnings ?? [],
      async check(options) {
        options?.signal?.throwIfAborted();
        if (!isBusy()) await run(options, (db) => db.selectFrom("stock").select("position").limit(1).execute());
      },
      close,
    };
  } catch (error) {
    await close();
    throw storeError(error);
  }
}

/** What wakes up the watchers of orders. Default: this process alone, which a folder belongs to. */
async function wakesOf(location: StoreLocation, natsUrl: string | undefined): Promise<Wakes | undefined> {
  if (location === inMemory || "dir" in location) return undefined;
  if (natsUrl !== undefined) return (await import("@grpc-study/live/nats")).natsWakes({ url: natsUrl }, ordersChannel);
  return (await import("@grpc-study/live/postgres")).postgresWakes(location, ordersChannel);
}
