// One connection listens for all topics of a process. What it says is only a reason to look into the
// table: a notification that is lost delays an entry until the next look.
import { Backoff } from "../retry.ts";
import { WakeSet, type Wakes } from "../wakes.ts";
import type { Database } from "./database.ts";

/** Notifications of the channel have a topic as their payload. */
export class Listener implements Wakes {
  readonly #database: Database;
  readonly #end = new AbortController();
  readonly #channel: string;
  readonly #wakes = new WakeSet();
  #running: Promise<void> | undefined;

  constructor(database: Database, channel: string) {
    this.#database = database;
    this.#channel = channel;
  }

  add(topic: string, wake: () => void): () => void {
    this.#running ??= this.#run();
    return this.#wakes.add(topic, wake);
  }

  /** The transaction that stores an entry sends the notification. */
  announce(): void {}

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
        await this.#database.listen(this.#channel, (topic) => this.#wakes.wake(topic), lost.resolve, session.signal);
        backoff.reset();
        // What was published while nobody listened has sent its notifications already.
        this.#wakes.wakeAll();
        await lost.promise;
      } catch {
        // The next try follows, whatever the cause; readers look into the table meanwhile.
      }
      signal.removeEventListener("abort", end);
      await backoff.wait(signal);
    }
  }
}
