// The destination of the log. It never throws, never blocks, and buffers at most 4 MiB, whatever
// happens to the file or pipe behind it. pino's own destination throws when the disk is full, which
// ends the process, or retries the same bytes forever.
import { write, writeSync } from "node:fs";

/** The maximum number of buffered characters. Lines beyond it are lost. */
const maxBuffered = 4 * 2 ** 20;
/** The delay in milliseconds before a full pipe is retried. */
const retryMs = 50;

export class LogStream {
  readonly #fd: number;
  #waiting = "";
  #writing = false;
  #lost = 0;

  /** @param fd default stderr. */
  constructor(fd = 2) {
    this.#fd = fd;
    process.on("exit", () => this.#writeRest());
  }

  write(line: string): void {
    if (this.#waiting.length + line.length > maxBuffered) this.#lost++;
    else this.#waiting += line;
    if (!this.#writing) this.#next();
  }

  #next(): void {
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = "";
    this.#writing = bytes.length > 0;
    if (this.#writing) this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    write(this.#fd, bytes, (error, written) => {
      if (error?.code === "EAGAIN") setTimeout(() => this.#write(bytes), retryMs).unref();
      else if (error) {
        this.#lost += bytes.toString().split("\n").length - 1;
        // Retry after a delay, or with the next line.
        if (this.#waiting === "") this.#writing = false;
        else setTimeout(() => this.#next(), retryMs).unref();
      } else if (written < bytes.length) this.#write(bytes.subarray(written));
      else {
        if (this.#lost > 0) this.#waiting = `${this.#notice()}${this.#waiting}`;
        this.#next();
      }
    });
  }

  /** Begins with a newline, because the line before may have been cut off. */
  #notice(): string {
    const entry = { level: "warn", time: new Date().toISOString(), lost: this.#lost, msg: "log lines could not be written" };
    this.#lost = 0;
    return `\n${JSON.stringify(entry)}\n`;
  }

  #writeRest(): void {
    let rest = Buffer.from(this.#waiting);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#fd, rest));
    } catch {
      // The process is exiting: the rest is lost.
    }
  }
}
