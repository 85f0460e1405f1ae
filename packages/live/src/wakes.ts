// Wake-ups: reasons to look into a log, which is the truth. One that is lost delays an entry until the
// next look.
import { setTimeout as sleep } from "node:timers/promises";
import type { Positioned } from "./live.ts";
import type { ReadableLog } from "./log.ts";

export interface Wakes {
  /** Calls `wake` when the topic may have new entries. Returns a function that ends this. */
  add(topic: string, wake: () => void): () => void;
  /** Says that the topic has a new entry. Does nothing if the log's server says it. */
  announce(topic: string): void;
  close(): Promise<void>;
}

/** The functions to wake up, by topic. */
export class WakeSet {
  readonly #wakes = new Map<string, Set<() => void>>();

  add(topic: string, wake: () => void): () => void {
    const wakes = this.#wakes.get(topic) ?? new Set();
    this.#wakes.set(topic, wakes.add(wake));
    return () => {
      wakes.delete(wake);
      if (wakes.size === 0 && this.#wakes.get(topic) === wakes) this.#wakes.delete(topic);
    };
  }

  wake(topic: string): void {
    for (const wake of [...(this.#wakes.get(topic) ?? [])]) wake();
  }

  wakeAll(): void {
    for (const topic of [...this.#wakes.keys()]) this.wake(topic);
  }
}

/** Wake-ups within this process. */
export function processWakes(): Wakes {
  const set = new WakeSet();
  return {
    add: (topic, wake) => set.add(topic, wake),
    announce: (topic) => set.wake(topic),
    async close() {},
  };
}

export interface FollowOptions<E extends Positioned> {
  readonly read: ReadableLog<E>["read"];
  readonly wakes: Pick<Wakes, "add">;
  /** How often to look without a wake-up, in milliseconds. */
  readonly pollMs: number;
}

/** `follow` of a log: reads pages, and at the end waits for a wake-up. */
export async function* followPages<E extends Positioned>(
  { read, wakes, pollMs }: FollowOptions<E>,
  topic: string,
  after: bigint,
  signal: AbortSignal,
): AsyncGenerator<readonly E[]> {
  let position = after;
  let wake = () => {};
  let woken = false;
  const remove = wakes.add(topic, () => {
    woken = true;
    wake();
  });
  try {
    while (!signal.aborted) {
      woken = false;
      const page = await read(topic, position, 256);
      position = page.at(-1)?.position ?? position;
      if (page.length > 0) yield page;
      else if (!woken) {
        const timer = new AbortController();
        wake = () => timer.abort();
        await sleep(pollMs, undefined, { signal: AbortSignal.any([signal, timer.signal]) }).catch(() => {});
      }
    }
  } finally {
    remove();
  }
}
