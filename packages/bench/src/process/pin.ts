// Pins processes to cores: the server to one, the load to the other, so that they do not compete.
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** The role of a process in a measurement. */
export type Role = "server" | "load";

const cores: Readonly<Record<Role, number>> = { server: 0, load: 1 };

/**
 * Whether processes can be pinned: `taskset` (util-linux) is installed, and both cores are
 * available.
 */
export const canPin: boolean = (() => {
  if (process.platform !== "linux" || availableParallelism() < 2) return false;
  try {
    for (const core of Object.values(cores)) execFileSync("taskset", ["-c", String(core), "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** The command to run another command, pinned if possible. */
export function pinned(role: Role, command: string, args: readonly string[]): [command: string, args: string[]] {
  return canPin ? ["taskset", ["-c", String(cores[role]), command, ...args]] : [command, [...args]];
}
