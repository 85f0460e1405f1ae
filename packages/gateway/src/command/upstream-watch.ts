// Reads the services of a server again: on a timer, when the server comes back, and on demand.
import type { ChannelState } from "@grpc-study/rpc";

/** A server whose services can be read. */
export interface Watched {
  readonly name: string;
  /** The state of the connection, which is `ready` after a successful read until it is lost. */
  readonly state: ChannelState;
  /** Reads the services. Returns whether they have changed. */
  read(): Promise<boolean>;
}

export interface WatchEvents {
  /** Called when the services have changed. */
  changed(): void;
  /** Called when a read fails after a successful one, or for another reason than the one before. */
  lost(error: Error): void;
  /** Called before `changed` when a read succeeds after a failed one. */
  found(): void;
}

const firstDelayMs = 1_000;
const longestDelayMs = 10_000;
/** How often the state of the connection is looked at. */
const pollMs = 250;

export class UpstreamWatch {
  readonly #server: Watched;
  readonly #events: WatchEvents;
  readonly #refreshMs: number;
  #closed = false;
  #failure: Error | undefined;
  /** Failed reads in a row. */
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  #readAt = 0;

  /** @param refreshMs milliseconds between two reads, or Infinity. */
  constructor(server: Watched, events: WatchEvents, refreshMs: number) {
    this.#server = server;
    this.#events = events;
    this.#refreshMs = refreshMs;
  }

  /** Why the last read failed. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Reads now. Resolves once it is done, whatever comes of it. The next reads follow by themselves. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #read(): Promise<void> {
    clearTimeout(this.#timer);
    const before = this.#failure;
    let changed = false;
    try {
      changed = await this.#server.read();
      this.#failure = undefined;
      this.#failures = 0;
    } catch (error) {
      this.#failure = error as Error;
      this.#failures++;
    }
    if (this.#closed) return;
    this.#readAt = performance.now();
    this.#schedule();
    if (this.#failure !== undefined && this.#failure.message !== before?.message) this.#events.lost(this.#failure);
    if (this.#failure === undefined && before !== undefined) this.#events.found();
    if (changed) this.#events.changed();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const delay = this.#failure === undefined ? pollMs : backoff(this.#failures);
    this.#timer = setTimeout(() => this.#look(), delay).unref();
  }

  #look(): void {
    const isDue = performance.now() - this.#readAt >= this.#refreshMs;
    if (this.#failure !== undefined || this.#server.state !== "ready" || isDue) void this.refresh();
    else this.#schedule();
  }
}

/** Exponential, with 20 % of jitter. */
function backoff(failures: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 1.6 ** (failures - 1)) * (0.8 + 0.4 * Math.random());
}
