// What a process still has to do: its timers, sockets and the like.
import { fileURLToPath } from "node:url";
import type { Process } from "./process.ts";

/** For `serve`: a server that can be asked. */
export const probed = {
  node: ["--expose-gc", "--import", fileURLToPath(new URL("resources-probe.ts", import.meta.url))],
  ipc: true,
} as const;

/** How many of each kind there are. */
export async function resourcesOf(process: Process): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const kind of await process.ask<string[]>("resources")) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** What it holds after a collection, in MiB. */
export async function heldMib(process: Process): Promise<number> {
  return (await process.ask<number>("held")) / 2 ** 20;
}
