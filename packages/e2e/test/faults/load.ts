// Makes calls at a steady rate, regardless of their outcomes, and records the outcomes.
import { performance } from "node:perf_hooks";
import { Code, RpcError } from "@grpc-study/rpc";

const tickMs = 10;

export interface Ended {
  readonly code: string;
  readonly message: string;
  /** The start time and the duration; milliseconds of `performance.now()`. */
  readonly beganMs: number;
  readonly tookMs: number;
}

export class Load {
  readonly ended: Ended[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(perSecond: number, call: () => PromiseLike<unknown>) {
    const start = performance.now();
    let begun = 0;
    this.#timer = setInterval(() => {
      for (const due = ((performance.now() - start) * perSecond) / 1_000; begun < due; begun++) this.#begin(call);
    }, tickMs);
  }

  #begin(call: () => PromiseLike<unknown>): void {
    const beganMs = performance.now();
    const ended = (code: string, message: string) => {
      this.ended.push({ code, message, beganMs, tookMs: performance.now() - beganMs });
    };
    const running = Promise.resolve(call())
      .then(
        () => ended("OK", ""),
        (error: unknown) => ended(Code[RpcError.from(error).code] ?? "none", RpcError.from(error).message),
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** The number of calls by status code. */
  get codes(): Readonly<Record<string, number>> {
    const codes: Record<string, number> = {};
    for (const { code } of this.ended) codes[code] = (codes[code] ?? 0) + 1;
    return codes;
  }

  /** The number of calls that ended with OK. */
  get answered(): number {
    return this.codes["OK"] ?? 0;
  }

  /** Stops making calls, and waits for those that are running. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#running);
  }
}
