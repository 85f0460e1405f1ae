// What a process uses, once what is garbage has gone.
import { setTimeout as delay } from "node:timers/promises";

/** Bytes. */
export interface Memory {
  /** JavaScript's heap, and what it holds outside. */
  readonly heap: number;
  /** All of the process that is in memory, what node:http2 has in C++ included. */
  readonly resident: number;
}

/** Needs `--expose-gc`, else what is garbage counts. */
export async function memory(): Promise<Memory> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    // What is finalised is freed in turns of its own.
    await delay(20);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}
