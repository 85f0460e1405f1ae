// Follows one topic for all of its readers in this process.
import { isUnavailable } from "./error.ts";
import type { Positioned } from "./live.ts";
import type { ReadableLog } from "./log.ts";
import { Backoff } from "./retry.ts";
import { Window } from "./window.ts";

export class Tail<E extends Positioned> {
  readonly window: Window<E>;
  /** Why no more entries arrive. */
  error: unknown;
  #readers = 0;
  readonly #waiting = new Set<() => void>();
  readonly #end = new AbortController();
  readonly #log: ReadableLog<E>;
  readonly #topic: string;
  readonly #onEnd: () => void;

  constructor(log: ReadableLog<E>, topic: string, start: bigint, onEnd: () => void) {
    this.#log = log;
    this.#topic = topic;
    this.window = new Window(start, (entry) => log.bytesOf(entry));
    this.#onEnd = onEnd;
    void this.#run();
  }

  enter(): void {
    this.#readers++;
  }

  leave(): void {
    if (--this.#readers === 0) this.#stop();
  }

  fail(error: unknown): void {
    this.error ??= error;
    this.#stop();
    this.#wake();
  }

  /** Resolves at the next entry, at an error, or if the signal aborts. */
  changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.error !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        for await (const entries of this.#log.follow(this.#topic, this.window.end, signal)) {
          backoff.reset();
          for (const entry of entries) {
            // A consumer that starts again may repeat what it had sent.
            if (entry.position > this.window.end) this.window.push(entry);
          }
          this.#wake();
        }
      } catch (error) {
        if (!isUnavailable(error)) return this.fail(error);
      }
      await backoff.wait(signal);
    }
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }

  #stop(): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    this.#onEnd();
  }
}
