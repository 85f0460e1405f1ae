// Starts one server process for each topic, shared by all tests that only call it. Tests that kill
// or block a server, or read its log, start their own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { topics } from "../contract/index.ts";
import { serverMain } from "./paths.ts";
import { run } from "./process.ts";
import { type ServerProcess, serve } from "./server.ts";
import { transportArgs, transportOf } from "./transport.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The addresses of the shared servers, by topic. */
    addresses: Record<string, string>;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Use new certificates, because those in the repository belong to the developer.
  const certs = await mkdtemp(join(tmpdir(), "grpc-study-e2e-"));
  process.env.GRPC_STUDY_CERTS = certs;
  await run(process.execPath, [serverMain, "certs"]);
  // A folder belongs to one process, and the tests run many shops at once.
  process.env.GRPC_STUDY_DATA = "memory";

  const servers: ServerProcess[] = [];
  const args = transportArgs(transportOf(project.config.env ?? {}));
  for (const { name } of topics) servers.push(await serve(name, { args }));
  project.provide("addresses", Object.fromEntries(topics.map(({ name }, index) => [name, servers[index]?.address ?? ""])));

  return async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(certs, { recursive: true });
    // No call of a test may cause an error in a shared server.
    const faults = servers.flatMap((server) => server.faults);
    if (faults.length > 0) throw new Error(`the servers logged:\n${faults.join("\n")}`);
  };
}
