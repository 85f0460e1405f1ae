// One connection listens for all topics of a process. What it says is only a reason to look into the
// table: a notification that is lost delays an entry until the next look.
import { Backoff } from "../retry.ts";
import type { Database } from "./database.ts";
import { channel } from "./schema.ts";

export class Listener {
  readonly #database: Database;
  readonly #end = new AbortController();
  readonly #wakes = new Map<string, Set<() => void>>();
  #running: Promise<void> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Calls `wake` when the topic may have new entries. Returns a function that ends this. */
  add(topic: string, wake: () => void): () => void {
    this.#running ??= this.#run();
    const wakes = this.#wakes.get(topic) ?? new Set();
    this.#wakes.set(topic, wakes.add(wake));
    return () => {
      wakes.delete(wake);
      if (wakes.size === 0 && this.#wakes.get(topic) === wakes) this.#wakes.delete(topic);
    };
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    const backoff = new Backoff();
    while (!signal.aborted) {
      const lost = Promise.withResolvers<void>();
      const session = new AbortController();
      const end = () => {
        session.abort();
        lost.resolve();
      };
      signal.addEventListener("abort", end, { once: true });
      try {
        await this.#database.listen(channel, (topic) => this.#wake(topic), lost.resolve, session.signal);
        backoff.reset();
        // What was published while nobody listened has sent its notifications already.
        for (const topic of [...this.#wakes.keys()]) this.#wake(topic);
        await lost.promise;
      } catch {
        // The next try follows, whatever the cause; readers look into the table meanwhile.
      }
      signal.removeEventListener("abort", end);
      await backoff.wait(signal);
    }
  }

  #wake(topic: string): void {
    for (const wake of [...(this.#wakes.get(topic) ?? [])]) wake();
  }
}
