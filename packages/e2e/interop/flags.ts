// Parses the flags of gRPC's interop programs, which have underscores, and booleans with optional
// values.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError } from "commander";

/**
 * The folder for the server's generated certificates, where a client with `--use_test_ca` finds
 * their CA. Git ignores it.
 */
export const certificatesFolder = fileURLToPath(new URL("../certs", import.meta.url));

/** For `--flag`, `--flag=true` and `--flag false`. */
export function parseBoolean(text: string): boolean {
  if (/^(true|1|yes)$/i.test(text)) return true;
  if (/^(false|0|no)$/i.test(text)) return false;
  throw new InvalidArgumentError("It must be true or false.");
}

export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535)) throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
  return port;
}

export function parseFile(file: string): string {
  // pnpm runs scripts in the folder of the package, so relative paths start from the caller's
  // folder.
  const path = [file, join(process.env.INIT_CWD ?? ".", file)].find(existsSync);
  if (path === undefined) throw new InvalidArgumentError("There is no such file.");
  return path;
}

/** Both programs report an invalid flag in one line. */
export const oneLine = {
  outputError: (text: string, write: (text: string) => void) => write(`${text.trim().replaceAll(/\s*\n\s*/g, " ")}\n`),
};
