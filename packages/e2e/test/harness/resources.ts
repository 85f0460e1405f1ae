// What a process still has to do: its timers, sockets and the like.
import { fileURLToPath } from "node:url";
import type { Process } from "./process.ts";

/** For `serve`: a server that can be asked. */
export const probed = { node: ["--import", fileURLToPath(new URL("resources-probe.ts", import.meta.url))], ipc: true } as const;

/** How many of each kind there are. */
export async function resourcesOf(process: Process): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const kind of await process.ask<string[]>("resources")) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
