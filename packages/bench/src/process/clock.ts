// Measures the CPU usage of a process under load. Unless its core is full, something else is the
// bottleneck.
import { setTimeout as delay } from "node:timers/promises";
import type { Process } from "./start.ts";

/** Times of one process, in microseconds. */
export interface Clock {
  /** CPU time of all threads. */
  readonly cpu: number;
  readonly now: number;
}

export function clock(): Clock {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, now: performance.now() * 1000 };
}

export interface Sample {
  /** Calls or messages per second. */
  readonly rate: number;
  /** CPU usage as a fraction of a core. Node has threads of its own, so it may exceed 1. */
  readonly busy: number;
}

/** Measures the CPU usage of a process in the middle of a load, away from its start and end. */
export async function watch(process: Process<unknown>, milliseconds: number, load: () => Promise<number>): Promise<Sample> {
  const usage = async () => {
    await delay(milliseconds * 0.3);
    const from = await process.ask<Clock>("clock");
    await delay(milliseconds * 0.5);
    const to = await process.ask<Clock>("clock");
    return (to.cpu - from.cpu) / (to.now - from.now);
  };
  const [rate, busy] = await Promise.all([load(), usage()]);
  return { rate, busy };
}
