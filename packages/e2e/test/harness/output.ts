// Reads the output of a process while it runs.
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

interface Waiter {
  matches(line: string): boolean;
  resolve(line: string): void;
  reject(reason: Error): void;
}

/** A text stream. It is always read, so the process never blocks on its output. */
export class Output {
  readonly #waiters = new Set<Waiter>();
  readonly #lines: string[] = [];
  #ended = false;
  #text = "";

  constructor(stream: Readable) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      this.#text += text;
    });
    const reader = createInterface({ input: stream });
    reader.on("line", (line) => {
      this.#lines.push(line);
      for (const waiter of this.#waiters) if (waiter.matches(line)) this.#settle(waiter, () => waiter.resolve(line));
    });
    reader.on("close", () => {
      this.#ended = true;
      for (const waiter of this.#waiters) this.#settle(waiter, () => waiter.reject(this.#missing()));
    });
  }

  /** The whole text so far. */
  get text(): string {
    return this.#text;
  }

  /** The complete lines so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /**
   * Resolves with the first line that matches, now or later. Rejects if the stream ends without
   * one.
   */
  line(matches: (line: string) => boolean): Promise<string> {
    const line = this.#lines.find(matches);
    if (line !== undefined) return Promise.resolve(line);
    if (this.#ended) return Promise.reject(this.#missing());
    return new Promise((resolve, reject) => this.#waiters.add({ matches, resolve, reject }));
  }

  /** Resolves once there are this many lines. */
  async count(lines: number): Promise<void> {
    await this.line(() => this.#lines.length >= lines);
  }

  #settle(waiter: Waiter, settle: () => void): void {
    this.#waiters.delete(waiter);
    settle();
  }

  #missing(): Error {
    return new Error(`the output ended without the expected line:\n${this.#text}`);
  }
}
