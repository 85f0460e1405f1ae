// Something that a process opens once and shares among its calls: the store, the log of live
// entries. It opens after the servers listen, so that it does not delay them; the first calls wait
// for it. It then watches the server behind it, and opens again what could not be opened.
import { Code, RpcError } from "@grpc-study/rpc";
import type { Logger } from "pino";
import { errorMessage } from "./error-message.ts";

/** Milliseconds between two checks of a server that works. */
const checkMs = 5000;
/** Milliseconds that a check may take. */
const checkTimeoutMs = 2000;
/** Milliseconds before another attempt; each further one doubles them. */
const firstRetryMs = 250;
const longestRetryMs = 5000;

interface AbortOptions {
  readonly signal: AbortSignal;
}

export interface ProcessResourceOptions<T> {
  /** What it is, for the log: "the database". */
  readonly what: string;
  /** Where it is, for the log, without a password. */
  readonly place: string;
  open(options: AbortOptions): Promise<T>;
  /** Called once it is open. */
  onOpen?(value: T): void;
  /** Rejects if it does not work. */
  check(value: T, options: AbortOptions): Promise<void>;
  close(value: T): Promise<void>;
  /** Called after everything else, also if it has never been open. */
  onClosed?(): void;
  /** Converts an error to an RpcError, or returns it unchanged. */
  toRpcError(error: unknown): unknown;
  readonly log: Logger;
}

export class ProcessResource<T> {
  readonly #options: ProcessResourceOptions<T>;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<(serving: boolean) => void>();
  #value: T | undefined;
  /** Why the last attempt to open failed. */
  #problem: unknown;
  #serving = false;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  /** Resolves with the first outcome of opening. */
  readonly #opened = Promise.withResolvers<void>();
  #wake = () => {};

  constructor(options: ProcessResourceOptions<T>) {
    this.#options = options;
  }

  /** Starts to open it. */
  open(): void {
    this.#running ??= this.#run();
  }

  /** Calls the listener with each change of readiness, and at once. */
  onChange(listener: (serving: boolean) => void): void {
    this.#listeners.add(listener);
    listener(this.#serving);
  }

  /** Runs `work`, once it is open. Rejects with what `toRpcError` returns. */
  async use<R>({ signal }: AbortOptions, work: (value: T, options: AbortOptions) => Promise<R>): Promise<R> {
    try {
      return await work(this.#value ?? (await this.#waitForValue(signal)), { signal });
    } catch (error) {
      const converted = this.#options.toRpcError(error);
      // The next check may find the cause before its time.
      if (converted instanceof RpcError && converted.code === Code.UNAVAILABLE && this.#serving) this.#wake();
      throw converted;
    }
  }

  /** Closes it. Further calls wait for the first one. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new Error("the server is shutting down"));
    this.#wake();
    await this.#running;
    if (this.#value !== undefined) await this.#options.close(this.#value);
    this.#options.onClosed?.();
  }

  async #waitForValue(signal: AbortSignal): Promise<T> {
    if (this.#problem === undefined) await orAborted(this.#opened.promise, signal);
    if (this.#value === undefined) throw this.#problem;
    return this.#value;
  }

  async #run(): Promise<void> {
    const { what, place, open, onOpen, check, log } = this.#options;
    const closing = this.#closing.signal;
    for (let failures = 0; !closing.aborted; ) {
      try {
        if (this.#value === undefined) {
          const value = await open({ signal: closing });
          this.#value = value;
          this.#opened.resolve();
          onOpen?.(value);
        }
        await check(this.#value, { signal: AbortSignal.any([closing, AbortSignal.timeout(checkTimeoutMs)]) });
        if (failures > 0) log.info(`${what} is available`);
        failures = 0;
        this.#set(true);
        await this.#sleep(checkMs);
      } catch (error) {
        if (closing.aborted) break;
        this.#problem = error;
        this.#opened.resolve();
        this.#set(false);
        if (failures++ === 0) log.warn(`${place}: ${errorMessage(error)}`);
        await this.#sleep(Math.min(firstRetryMs * 2 ** (failures - 1), longestRetryMs));
      }
    }
    this.#problem ??= closing.reason;
    this.#opened.resolve();
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

/** Resolves with the promise, or rejects with the reason of the signal if that aborts first. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
