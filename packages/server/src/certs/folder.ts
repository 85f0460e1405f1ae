// The folder of a set of certificates: which files are in it, and where it is unless someone says otherwise.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** In the order in which they are put into place: a key before its certificate. */
export const fileNames = ["ca.key", "ca.pem", "server.key", "server.pem", "client.key", "client.pem"] as const;

export type FileName = (typeof fileNames)[number];

/** Whose certificate it is; its files are named after it. */
export type Role = "ca" | "server" | "client";

export const roles = ["ca", "server", "client"] as const satisfies Role[];

/** `$GRPC_STUDY_CERTS`, or else `certs/` at the root of the repository, from wherever the command is started. */
export function defaultFolder(): string {
  // As many folders up from `src/certs/` as from `dist/certs/`.
  return resolve(process.env.GRPC_STUDY_CERTS || fileURLToPath(new URL("../../../../certs", import.meta.url)));
}

/** The command to type, for messages. It names the folder if that is not the default one. */
export function commandFor(dir: string, ...options: readonly string[]): string {
  const folder = dir === defaultFolder() ? [] : ["--certs", /^[\w./@-]+$/.test(dir) ? dir : JSON.stringify(dir)];
  return ["npx -y pnpm@12 certs", ...folder, ...options].join(" ");
}
