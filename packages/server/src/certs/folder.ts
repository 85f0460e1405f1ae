// The folder of a set of certificates: its files and its default place.
import { resolve } from "node:path";
import { inRepository } from "../repository.ts";

/** The order in which files are installed: each key before its certificate. */
export const fileNames = ["ca.key", "ca.pem", "server.key", "server.pem", "client.key", "client.pem"] as const;

export type FileName = (typeof fileNames)[number];

/** The owner of a certificate. The files have its name. */
export type Role = "ca" | "server" | "client";

export const roles = ["ca", "server", "client"] as const satisfies Role[];

/** Returns `$GRPC_STUDY_CERTS`, or `certs/` at the root of the repository. */
export function defaultFolder(): string {
  return resolve(process.env.GRPC_STUDY_CERTS || inRepository("certs"));
}

/** Returns the command to type, for messages. It names the folder unless it is the default one. */
export function commandFor(dir: string, ...options: readonly string[]): string {
  const folder = dir === defaultFolder() ? [] : ["--certs", /^[\w./@-]+$/.test(dir) ? dir : JSON.stringify(dir)];
  return ["npx -y pnpm@12 certs", ...folder, ...options].join(" ");
}
