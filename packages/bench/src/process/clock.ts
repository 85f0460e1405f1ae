// How busy a process is while it is under load: if its core is not full, it is not what is measured.
import { setTimeout as delay } from "node:timers/promises";
import type { Process } from "./start.ts";

/** Microseconds, of the same process. */
export interface Clock {
  /** Of processors, by all threads of the process. */
  readonly cpu: number;
  readonly now: number;
}

export function clock(): Clock {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, now: performance.now() * 1000 };
}

export interface Sample {
  /** Calls or messages a second. */
  readonly rate: number;
  /** Share of a core that the process used; with threads of its own, Node can use more than one. */
  readonly busy: number;
}

/** Looks at a process in the middle of the time that a load takes, when nothing starts and nothing ends. */
export async function watch(process: Process<unknown>, milliseconds: number, load: () => Promise<number>): Promise<Sample> {
  const look = async () => {
    await delay(milliseconds * 0.3);
    const from = await process.ask<Clock>("clock");
    await delay(milliseconds * 0.5);
    const to = await process.ask<Clock>("clock");
    return (to.cpu - from.cpu) / (to.now - from.now);
  };
  const [rate, busy] = await Promise.all([load(), look()]);
  return { rate, busy };
}
