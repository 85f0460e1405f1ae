// PGlite in a worker thread, with connections for the driver of PostgreSQL: the same driver, types
// and errors as for a server.

import { join } from "node:path";
import { Duplex } from "node:stream";
import { Worker } from "node:worker_threads";
import { StoreError } from "../errors.ts";
import type { OpenStoreOptions } from "../options.ts";
import { lockFolder } from "./folder.ts";
import { createFraming } from "./framing.ts";
import type { Request, Response } from "./messages.ts";

export interface Engine {
  /** Opens a connection, which looks like a socket to the driver. */
  readonly connect: () => Duplex;
  /** Whether the start has made the database, which may have migrations from the build. */
  readonly isNew: boolean;
  /** What the start has changed in the folder, for the operator. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** Milliseconds until a thread that does not close is terminated. */
const closeMs = 5000;

/**
 * Starts PGlite.
 *
 * @param dir the folder of the data. Default: in memory.
 * @throws FolderError, StoreError, or the reason of the signal.
 */
export async function startEngine(dir: string | undefined, { signal, locked = false }: OpenStoreOptions): Promise<Engine> {
  const unlock = dir === undefined || locked ? () => {} : lockFolder(dir);
  const folder = dir && join(dir, "postgres");
  let thread = new Thread(folder);
  let closed = false;

  /** The running thread. One that has ended is replaced; data in memory is lost with its thread. */
  const current = (): Thread => {
    if (thread.ended && folder !== undefined && !closed) thread = new Thread(folder);
    return thread;
  };

  const close = async () => {
    closed = true;
    await thread.close(folder !== undefined);
    unlock();
  };
  try {
    await raceSignal(thread.ready, signal);
    const { isNew, warnings } = thread;
    return { connect: () => new Connection(current()), isNew, warnings, close };
  } catch (error) {
    await thread.terminate();
    unlock();
    throw error;
  }
}

class Thread {
  readonly ready: Promise<void>;
  ended = false;
  isNew = false;
  readonly warnings: string[] = [];
  readonly #worker: Worker;
  readonly #exit: Promise<void>;
  readonly #connections = new Map<number, Connection>();
  #last = 0;

  constructor(folder: string | undefined) {
    const source = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
    // Discards what PGlite prints.
    const worker = new Worker(new URL(source, import.meta.url), { workerData: { folder }, stdout: true, stderr: true, execArgv: [] });
    worker.stdout.resume();
    worker.stderr.resume();
    this.#worker = worker;
    let problem = "it ended";
    this.ready = new Promise((resolve, reject) => {
      worker.on("message", (response: Response) => {
        if (response === "ready") resolve();
        else if (response === "new") this.isNew = true;
        else if (typeof response === "object") {
          if ("problem" in response) ({ problem } = response);
          else if ("warning" in response) this.warnings.push(response.warning);
          else this.#connections.get(response.connection)?.push(response.bytes);
        }
      });
      worker.on("error", (error) => {
        problem = error.message;
      });
      worker.on("exit", () => reject(new StoreError("unavailable", `PGlite failed: ${problem}`, undefined)));
    });
    this.ready.catch(() => {});
    this.#exit = new Promise((resolve) => {
      worker.on("exit", () => {
        this.ended = true;
        const lost = Object.assign(new Error(`PGlite failed: ${problem}`), { code: "ECONNRESET" });
        for (const connection of this.#connections.values()) connection.destroy(lost);
        resolve();
      });
    });
  }

  add(connection: Connection): number {
    const id = ++this.#last;
    this.#connections.set(id, connection);
    return id;
  }

  delete(id: number): void {
    this.#connections.delete(id);
  }

  send(request: Request): void {
    this.#worker.postMessage(request);
  }

  /** @param checkpoint whether PostgreSQL shuts down first, so that the next start need not recover. */
  async close(checkpoint: boolean): Promise<void> {
    if (!checkpoint) return this.terminate();
    this.send("close");
    const timer = setTimeout(() => void this.terminate(), closeMs);
    await this.#exit;
    clearTimeout(timer);
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** What the driver uses of a socket. */
class Connection extends Duplex {
  readonly #thread: Thread;
  readonly #id: number;
  readonly #framing = createFraming();

  constructor(thread: Thread) {
    super();
    this.#thread = thread;
    this.#id = thread.add(this);
  }

  connect(): this {
    const refuse = (message: string) => this.destroy(Object.assign(new Error(message), { code: "ECONNREFUSED" }));
    this.#thread.ready.then(
      () => (this.#thread.ended ? refuse("PGlite has ended") : this.emit("connect")),
      (error: Error) => refuse(error.message),
    );
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    for (const batch of this.#framing.push(bytes)) this.#thread.send({ connection: this.#id, bytes: batch });
    done();
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#thread.delete(this.#id);
    done(error);
  }
}

async function raceSignal(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
