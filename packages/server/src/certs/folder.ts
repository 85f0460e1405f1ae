// The folder of a set of certificates: its files and its default place.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The order in which files are installed: each key before its certificate. */
export const fileNames = ["ca.key", "ca.pem", "server.key", "server.pem", "client.key", "client.pem"] as const;

export type FileName = (typeof fileNames)[number];

/** The owner of a certificate. The files have its name. */
export type Role = "ca" | "server" | "client";

export const roles = ["ca", "server", "client"] as const satisfies Role[];

/**
 * Returns `$GRPC_STUDY_CERTS`, or `certs/` at the root of the repository, whatever the current
 * folder is.
 */
export function defaultFolder(): string {
  // `src/certs/` and `dist/certs/` are at the same depth.
  return resolve(process.env.GRPC_STUDY_CERTS || fileURLToPath(new URL("../../../../certs", import.meta.url)));
}

/** Returns the command to type, for messages. It names the folder unless it is the default one. */
export function commandFor(dir: string, ...options: readonly string[]): string {
  const folder = dir === defaultFolder() ? [] : ["--certs", /^[\w./@-]+$/.test(dir) ? dir : JSON.stringify(dir)];
  return ["npx -y pnpm@12 certs", ...folder, ...options].join(" ");
}
