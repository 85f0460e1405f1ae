// Where the data is. This file loads neither a driver nor PGlite, so that a command line can use it.
import { resolve } from "node:path";

export { FolderError, lockFolder } from "./embedded/folder.ts";

/** A PostgreSQL server, a folder for PGlite, or PGlite in memory. */
export type StoreLocation = { readonly url: string } | { readonly dir: string } | "memory";

/** The value of `--data` that keeps the data in memory. */
export const inMemory = "memory";

/** The location that a command line names. A database takes precedence over a folder. */
export function storeLocation({ database, data }: { readonly database?: string | undefined; readonly data: string }): StoreLocation {
  if (database !== undefined) return { url: database };
  return data === inMemory ? inMemory : { dir: resolve(data) };
}

/** Whether the text is a URL of PostgreSQL, such as `postgres://user:password@host:5432/shop`. */
export function isDatabaseUrl(text: string): boolean {
  const url = /^postgres(ql)?:\/\//.test(text) ? URL.parse(text) : null;
  return url !== null && isEncoded(url.username) && isEncoded(url.password);
}

/** Whether each `%` begins an encoded character, as the driver needs it. */
export function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** The location for messages and logs, without a password. */
export function describeLocation(location: StoreLocation): string {
  if (location === inMemory) return "PGlite in memory";
  if ("dir" in location) return `PGlite in ${location.dir}`;
  const { hostname, port, pathname } = new URL(location.url);
  return `PostgreSQL at ${hostname || "localhost"}:${port || 5432}${pathname}`;
}
