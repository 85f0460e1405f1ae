// `migrate`: brings the database to the current schema, for deployments that do it before they start
// servers.
import { FolderError, inMemory, isDatabaseUrl, storeLocation } from "@grpc-study/store/location";
import { type Command, Option } from "commander";
import { defaultData } from "./folder.ts";
import { errorMessage } from "./store-errors.ts";

export interface DataOptions {
  /** A folder, or `memory`. */
  readonly data: string;
  /** The URL of a PostgreSQL server, instead of the folder. */
  readonly database?: string;
}

/** Adds `--data` and `--database` to a command. */
export function addDataOptions(command: Command): Command {
  return command
    .option("--data <dir>", "folder of the data of topics that keep some; memory keeps it in memory", defaultData())
    .addOption(new Option("--database <url>", "PostgreSQL server of the data, instead of a folder").env("DATABASE_URL"));
}

/** Ends the command with one line if an option is invalid. The line has no URL, which may have a password. */
export function checkDataOptions(command: Command, { data, database }: DataOptions): void {
  const isTyped = (name: string) => command.getOptionValueSource(name) === "cli";
  if (data === "") command.error("error: --data must be a folder, or memory");
  if (isTyped("data") && isTyped("database")) command.error("error: --data and --database exclude each other");
  if (database === undefined || isDatabaseUrl(database)) return;
  const source = command.getOptionValueSource("database") === "env" ? "DATABASE_URL" : "--database";
  command.error(`error: ${source} must be a URL such as postgres://user@host:5432/shop`);
}

/** Adds `migrate`. Errors are one line on stderr, with exit status 1. */
export function addMigrateCommand(program: Command): void {
  const command = addDataOptions(program.command("migrate"))
    .description("Creates or updates the tables of the data. Each start does the same.")
    .action(async (options: DataOptions) => {
      checkDataOptions(command, options);
      const location = storeLocation(options);
      if (location === inMemory)
        command.error("error: data in memory needs no migration: name a folder with --data, or a server with --database");
      const { openStore } = await import("@grpc-study/store");
      try {
        const store = await openStore(location);
        const lines = store.migrated.map((name) => `ran ${name}\n`).join("");
        for (const warning of store.warnings) process.stderr.write(`warning: ${warning}\n`);
        await store.close();
        process.stdout.write(lines || "there is nothing to migrate\n");
      } catch (error) {
        if (!(error instanceof Error) || !(error instanceof FolderError || error.name === "StoreError")) throw error;
        command.error(`error: ${errorMessage(error)}`);
      }
    });
}
