// What the log is written to. It never fails, makes nobody wait, and holds no more than a few megabytes, whatever becomes of the file or the pipe behind it.
//
// pino's own destination throws when the disk is full, which ends the process; or tries to, since it then writes the rest again and again, for ever.
import { write, writeSync } from "node:fs";

/** The most characters that wait to be written. What comes beyond that is lost. */
const mostWaiting = 4 * 2 ** 20;
/** Milliseconds until a pipe that is full is tried again. */
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
    if (this.#waiting.length + line.length > mostWaiting) this.#lost++;
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
        // Not at once: the next line finds out whether it works again.
        if (this.#waiting === "") this.#writing = false;
        else setTimeout(() => this.#next(), retryMs).unref();
      } else if (written < bytes.length) this.#write(bytes.subarray(written));
      else {
        if (this.#lost > 0) this.#waiting = `${this.#notice()}${this.#waiting}`;
        this.#next();
      }
    });
  }

  /** A line may have been cut off: this one begins on its own. */
  #notice(): string {
    const entry = { level: "warn", time: new Date().toISOString(), lost: this.#lost, msg: "lines of the log could not be written" };
    this.#lost = 0;
    return `\n${JSON.stringify(entry)}\n`;
  }

  #writeRest(): void {
    let rest = Buffer.from(this.#waiting);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#fd, rest));
    } catch {
      // It has been tried.
    }
  }
}
