// The times until which a connection waits for something. One timer a connection serves them all, and nothing is armed for a stream.

export class Deadlines {
  /** Each is a time of `performance.now()`, in milliseconds; 0 means that nothing is due. */
  preface = 0;
  settings = 0;
  headerBlock = 0;
  idle = 0;
  write = 0;
  keepalive = 0;
  keepaliveAnswer = 0;
  goaway = 0;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = 0;
  #stopped = false;
  readonly #due: () => void;

  constructor(due: () => void) {
    this.#due = due;
  }

  /** Sees to it that `due` is called at this time, or shortly after. */
  arm(at: number): void {
    if (this.#stopped) return;
    if (this.#timer !== undefined) {
      if (this.#armedFor <= at) return;
      clearTimeout(this.#timer);
    }
    this.#armedFor = at;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#due();
      },
      Math.max(1, at - performance.now()),
    );
    this.#timer.unref();
  }

  /** Arms the timer for the next of the deadlines. */
  rearm(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const at of [
      this.preface,
      this.settings,
      this.headerBlock,
      this.idle,
      this.write,
      this.keepalive,
      this.keepaliveAnswer,
      this.goaway,
    ]) {
      if (at > 0 && at < next) next = at;
    }
    if (next !== Number.POSITIVE_INFINITY) this.arm(next);
  }

  /** The connection is over: a timer would keep it in memory. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
