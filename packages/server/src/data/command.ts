// `migrate`: brings the database to the current schema, for deployments that do it before they start
// servers.
import { FolderError, inMemory, isDatabaseUrl, storeLocation } from "@grpc-study/store/location";
import { type Command, Option } from "commander";
import { isNatsUrls } from "../live/location.ts";
import { errorMessage } from "./error-message.ts";
import { defaultData } from "./folder.ts";

export interface DataOptions {
  /** A folder, or `memory`. */
  readonly data: string;
  /** The URL of a PostgreSQL server, instead of the folder. */
  readonly database?: string;
  /** The URLs of servers of NATS, for what processes share live. */
  readonly nats?: string;
}

/** Adds `--data` and `--database` to a command. */
export function addDataOptions(command: Command): Command {
  return command
    .option("--data <dir>", "folder of the data of topics that keep some; memory keeps it in memory", defaultData())
    .addOption(new Option("--database <url>", "PostgreSQL server of the data, instead of a folder").env("DATABASE_URL"));
}

/** Adds `--nats`. */
export function natsOption(): Option {
  return new Option("--nats <urls>", "NATS servers with JetStream for what processes share live, instead of PostgreSQL").env("NATS_URL");
}

/** Ends the command with one line if an option is invalid. The line has no URL, which may have a password. */
export function checkDataOptions(command: Command, { data, database, nats }: DataOptions): void {
  const isTyped = (name: string) => command.getOptionValueSource(name) === "cli";
  if (data === "") command.error("error: --data must be a folder, or memory");
  if (isTyped("data") && isTyped("database")) command.error("error: --data and --database exclude each other");
  const nameOf = (option: string, variable: string) => (command.getOptionValueSource(option) === "env" ? variable : `--${option}`);
  if (database !== undefined && !isDatabaseUrl(database))
    command.error(`error: ${nameOf("database", "DATABASE_URL")} must be a URL such as postgres://user@host:5432/shop`);
  if (nats !== undefined && !isNatsUrls(nats))
    command.error(`error: ${nameOf("nats", "NATS_URL")} must be URLs such as nats://host:4222, separated by commas`);
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
