// Which core a process runs on: the server on one, the load on the other, so that neither takes the other's time.
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** What a process does in a measurement. */
export type Role = "server" | "load";

const cores: Readonly<Record<Role, number>> = { server: 0, load: 1 };

/** Whether processes can be pinned: there is `taskset` (util-linux), and both cores may be used. */
export const canPin: boolean = (() => {
  if (process.platform !== "linux" || availableParallelism() < 2) return false;
  try {
    for (const core of Object.values(cores)) execFileSync("taskset", ["-c", String(core), "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** A command that runs another one, pinned if that can be. */
export function pinned(role: Role, command: string, args: readonly string[]): [command: string, args: string[]] {
  return canPin ? ["taskset", ["-c", String(cores[role]), command, ...args]] : [command, [...args]];
}
