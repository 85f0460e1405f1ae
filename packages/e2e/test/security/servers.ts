// Starts our server's command with TLS or tokens.

import { serverMain } from "../harness/paths.ts";
import { run } from "../harness/process.ts";
import { type ServerProcess, serve } from "../harness/server.ts";
import type { Folder } from "./certificates.ts";

/** The values of `--security`. */
export const securities = ["plain", "tls", "mtls", "token", "token+tls"] as const;

export type Security = (typeof securities)[number];

/** Starts the server of a topic with one listener. */
export function serveSecurely(topic: string, security: Security, certs: Folder, ...args: readonly string[]): Promise<ServerProcess> {
  return serve(topic, { args: ["--security", security, "--certs", certs.path, ...args] });
}

export interface HelloServer extends AsyncDisposable {
  readonly process: ServerProcess;
  /** The addresses, by the security column of the start table. */
  readonly addresses: Readonly<Record<"plaintext" | "TLS" | "mutual TLS" | "token", string>>;
}

/**
 * Starts the tutorial's four variants of hello. Creates the certificates if the folder has none.
 */
export async function serveHello(certs: Folder, ...args: readonly string[]): Promise<HelloServer> {
  const process = await serve("hello", { args: ["--certs", certs.path, ...args] });
  await process.stdout.count(5);
  const rows = process.stdout.lines.slice(1).map((line) => line.split(/ {2,}/));
  const address = (security: string) => {
    const row = rows.find((row) => row[3] === security);
    if (row?.[1] === undefined) throw new Error(`the table has no row for ${security}:\n${process.stdout.text}`);
    return row[1];
  };
  return {
    process,
    addresses: { plaintext: address("plaintext"), TLS: address("TLS"), "mutual TLS": address("mutual TLS"), token: address("token") },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

/** Runs the command that creates certificates. */
export async function makeCertificates(folder: Folder, ...args: readonly string[]): Promise<void> {
  const { status, stderr } = await run(process.execPath, [serverMain, "certs", "--certs", folder.path, ...args]);
  if (status !== 0) throw new Error(stderr);
}

/** Replaces localhost with 127.0.0.1. */
export function onLoopback(address: string): string {
  return address.replace(/^localhost:/, "127.0.0.1:");
}
