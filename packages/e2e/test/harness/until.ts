import { setTimeout } from "node:timers/promises";

/**
 * Resolves once the condition holds, for events that cannot be awaited otherwise. It has no timeout
 * of its own; the time limit of the test applies.
 */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await setTimeout(20);
}
