// Parsers for the flags of gRPC's interop programs, which have underscores and optional boolean
// values.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError } from "commander";

/**
 * The folder where the server writes the certificates that it creates, and where `--use_test_ca`
 * finds their CA. Git ignores it.
 */
export const certificatesFolder = fileURLToPath(new URL("../certs", import.meta.url));

/** Parses the value of `--flag`, `--flag=true` or `--flag false`. */
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
  // pnpm runs a script in the folder of its package. INIT_CWD is the folder where the user started
  // it.
  const path = [file, join(process.env.INIT_CWD ?? ".", file)].find(existsSync);
  if (path === undefined) throw new InvalidArgumentError("The file does not exist.");
  return path;
}

/** Writes each error on one line. */
export const oneLine = {
  outputError: (text: string, write: (text: string) => void) => write(`${text.trim().replaceAll(/\s*\n\s*/g, " ")}\n`),
};
