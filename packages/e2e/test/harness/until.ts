import { setTimeout } from "node:timers/promises";

/**
 * Polls until a condition holds, for conditions without an event. Only the timeout of the test
 * limits it.
 */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await setTimeout(20);
}
