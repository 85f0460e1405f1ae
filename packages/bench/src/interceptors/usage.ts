// What the calls of a process have cost so far.

import { setTimeout as delay } from "node:timers/promises";
import { clock } from "../process/clock.ts";
import type { Process } from "../process/start.ts";

export interface Usage {
  /** CPU time of all threads, in microseconds. */
  readonly cpu: number;
  /** Calls, or messages of streams. */
  readonly count: number;
}

let count = 0;

export function counted(): void {
  count++;
}

export const usage = (): Usage => ({ cpu: clock().cpu, count });

/** Returns the CPU time of a call in the middle of a load, in microseconds: the sum of the processes. */
export async function costOf(processes: readonly Process<unknown>[], milliseconds: number, load: () => Promise<unknown>): Promise<number> {
  const measure = async (process: Process<unknown>) => {
    await delay(milliseconds * 0.2);
    const from = await process.ask<Usage>("usage");
    await delay(milliseconds * 0.65);
    const to = await process.ask<Usage>("usage");
    return (to.cpu - from.cpu) / (to.count - from.count);
  };
  const [costs] = await Promise.all([Promise.all(processes.map(measure)), load()]);
  return costs.reduce((sum, cost) => sum + cost, 0);
}
