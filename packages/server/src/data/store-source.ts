// The store of a process. It opens after the servers listen, so that it does not delay them; the
// first calls wait for it. It then watches the database, and opens again what could not be opened.
import { Code, RpcError } from "@grpc-study/rpc";
import type { Store } from "@grpc-study/store";
import { describeLocation, inMemory, lockFolder, type StoreLocation } from "@grpc-study/store/location";
import type { Logger } from "pino";
import { errorMessage, toRpcError } from "./store-errors.ts";

/** Milliseconds between two checks of a database that works. */
const checkMs = 5000;
/** Milliseconds that a check may take. */
const checkTimeoutMs = 2000;
/** Milliseconds before another attempt; each further one doubles them. */
const firstRetryMs = 250;
const longestRetryMs = 5000;

/** What a handler needs to work with the store. */
export interface StoreSource {
  /**
   * Runs `work` with the store, which may not be open yet.
   *
   * Rejects with an RpcError if the database fails, as `toRpcError` says.
   */
  use<T>(call: { readonly signal: AbortSignal }, work: (store: Store, options: { readonly signal: AbortSignal }) => Promise<T>): Promise<T>;
}

export class ProcessStore implements StoreSource {
  readonly #location: StoreLocation;
  readonly #log: Logger;
  readonly #unlock: () => void;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<(serving: boolean) => void>();
  #store: Store | undefined;
  /** Why the last attempt to open failed. */
  #problem: unknown;
  #serving = false;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  /** Resolves with the first outcome of opening. */
  readonly #opened = Promise.withResolvers<void>();
  #wake = () => {};

  /** @throws FolderError if the folder of the data cannot be used. */
  constructor(location: StoreLocation, log: Logger) {
    this.#location = location;
    this.#log = log;
    this.#unlock = typeof location === "object" && "dir" in location ? lockFolder(location.dir) : () => {};
  }

  /** Starts to open the store. */
  open(): void {
    this.#running ??= this.#run();
  }

  /** Calls the listener with each change of readiness, and at once. */
  onChange(listener: (serving: boolean) => void): void {
    this.#listeners.add(listener);
    listener(this.#serving);
  }

  async use<T>(
    { signal }: { readonly signal: AbortSignal },
    work: (store: Store, options: { readonly signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(this.#store ?? (await this.#waitForStore(signal)), { signal });
    } catch (error) {
      const converted = toRpcError(error);
      // The next check may find the cause before its time.
      if (converted instanceof RpcError && converted.code === Code.UNAVAILABLE && this.#serving) this.#wake();
      throw converted;
    }
  }

  /** Closes the store. Further calls wait for the first one. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new Error("the server is shutting down"));
    this.#wake();
    await this.#running;
    await this.#store?.close();
    this.#unlock();
  }

  async #waitForStore(signal: AbortSignal): Promise<Store> {
    if (this.#problem === undefined) {
      const { promise, reject } = Promise.withResolvers<never>();
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener("abort", onAbort);
      try {
        await Promise.race([this.#opened.promise, promise]);
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    }
    if (this.#store === undefined) throw this.#problem;
    return this.#store;
  }

  async #run(): Promise<void> {
    const closing = this.#closing.signal;
    // Loaded now, since it takes a while.
    const { openStore } = await import("@grpc-study/store");
    for (let failures = 0; !closing.aborted; ) {
      try {
        if (this.#store === undefined) {
          this.#store = await openStore(this.#location, { signal: closing, locked: true });
          this.#opened.resolve();
          this.#logOpened(this.#store);
        }
        await this.#store.check({ signal: AbortSignal.any([closing, AbortSignal.timeout(checkTimeoutMs)]) });
        if (failures > 0) this.#log.info("the database is available");
        failures = 0;
        this.#set(true);
        await this.#sleep(checkMs);
      } catch (error) {
        if (closing.aborted) break;
        this.#problem = error;
        this.#opened.resolve();
        this.#set(false);
        if (failures++ === 0) this.#log.warn(`${describeLocation(this.#location)}: ${errorMessage(error)}`);
        await this.#sleep(Math.min(firstRetryMs * 2 ** (failures - 1), longestRetryMs));
      }
    }
    this.#problem ??= closing.reason;
    this.#opened.resolve();
  }

  #logOpened({ migrated, warnings }: Store): void {
    for (const warning of warnings) this.#log.warn(warning);
    if (this.#location === inMemory) {
      this.#log.warn("the data is in memory and ends with this process, as --data or GRPC_STUDY_DATA says");
    } else this.#log.info({ migrations: migrated }, `the data is in ${describeLocation(this.#location)}`);
  }

  #set(serving: boolean): void {
    if (serving === this.#serving) return;
    this.#serving = serving;
    for (const listener of this.#listeners) listener(serving);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#closing.signal.aborted) this.#wake();
    });
  }
}

/** For services whose methods are listed but not called. */
export const noStore: StoreSource = { use: () => Promise.reject(new Error("there is no store")) };
