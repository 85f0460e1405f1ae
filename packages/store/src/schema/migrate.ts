// Brings a database to the current schema.
import { type Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { StoreError } from "../errors.ts";
import { migrations } from "./migrations.ts";
import type { Schema } from "./schema.ts";

/**
 * Runs the migrations that the database lacks, all or none, and returns their names. PostgreSQL's
 * advisory lock lets one process migrate at a time; the others wait, and find nothing left to do.
 *
 * @throws StoreError `unavailable` if a newer version has migrated the database, or else the error of
 * the first migration that fails.
 */
export async function migrate(db: Kysely<Schema>): Promise<string[]> {
  // Most starts find nothing to do: they take no lock.
  if ((await migrationsOf(db)).join() === Object.keys(migrations).join()) return [];
  // Another process may migrate for longer than other queries wait for a lock.
  await sql`set lock_timeout = 0`.execute(db);
  try {
    return await migrated(db);
  } finally {
    await sql`set lock_timeout = '3s'`.execute(db);
  }
}

/** The names of the migrations that the database has had. */
export async function migrationsOf(db: Kysely<Schema>): Promise<string[]> {
  const { rows: tables } = await sql<{ name: string | null }>`select to_regclass('kysely_migration')::text as name`.execute(db);
  if (tables[0]?.name == null) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}

async function migrated(db: Kysely<Schema>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error instanceof Error && /^corrupted migrations/.test(error.message)) {
    const [, name] = /previously executed migration (\S+) is missing/.exec(error.message) ?? [];
    const what = name === undefined ? "other migrations" : `the migration ${name}`;
    throw new StoreError("unavailable", `the database has ${what} of another version, which this version does not know`, undefined);
  }
  if (error !== undefined) throw error;
  return results.map(({ migrationName }) => migrationName);
}
