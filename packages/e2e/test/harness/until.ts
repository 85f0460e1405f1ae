import { setTimeout } from "node:timers/promises";

/** Resolves once the condition holds; for what cannot be waited for otherwise. The test's own time limit is its only one. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await setTimeout(20);
}
