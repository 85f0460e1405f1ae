// Measures the memory of a process after garbage collection.
import { setTimeout as delay } from "node:timers/promises";

/** Memory in bytes. */
export interface Memory {
  /** The JavaScript heap, and the external memory that it holds. */
  readonly heap: number;
  /** The resident set size, including the C++ objects of node:http2. */
  readonly resident: number;
}

/** Requires `--expose-gc`; otherwise garbage is included. */
export async function memory(): Promise<Memory> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    // Finalizers run in later turns.
    await delay(20);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}
