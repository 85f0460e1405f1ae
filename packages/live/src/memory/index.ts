import { checkCount } from "../checks.ts";
import type { Live } from "../live.ts";
import { liveOver } from "../live-over.ts";
import { MemoryLog } from "./memory-log.ts";

export interface MemoryLiveOptions {
  /** How many entries a topic keeps. Default: 10,000. */
  readonly maxEntries?: number;
  /**
   * How many topics the log keeps. One more deletes the topic without followers that has been without
   * a new entry for the longest time. Default: 1,000.
   */
  readonly maxTopics?: number;
}

/** A log in the memory of this process. Its positions start at the time in microseconds, so that
 * those of an earlier process are `trimmed` rather than mistaken for others. */
export function memoryLive({ maxEntries = 10_000, maxTopics = 1_000 }: MemoryLiveOptions = {}): Live {
  checkCount("maxEntries", maxEntries, 10_000_000);
  checkCount("maxTopics", maxTopics, 10_000_000);
  return liveOver(new MemoryLog(maxEntries, maxTopics));
}
