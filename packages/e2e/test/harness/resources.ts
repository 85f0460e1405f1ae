// The active resources of a process, such as timers and sockets.
import { fileURLToPath } from "node:url";
import type { Process } from "./process.ts";

/** Options of `serve` that load the probe into the server. */
export const probed = {
  node: ["--expose-gc", "--import", fileURLToPath(new URL("resources-probe.ts", import.meta.url))],
  ipc: true,
} as const;

/** Counts the active resources by kind. */
export async function resourcesOf(process: Process): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const kind of await process.ask<string[]>("resources")) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** The memory in use after a collection, in MiB. */
export async function heldMib(process: Process): Promise<number> {
  return (await process.ask<number>("held")) / 2 ** 20;
}
