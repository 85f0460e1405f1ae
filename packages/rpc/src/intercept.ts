// What interceptors of servers and of clients have in common: they run around a call, and `next()` runs what lies further in.
import { Code } from "./protocol/code.ts";
import { RpcError } from "./protocol/error.ts";

type Interceptor<Call> = (call: Call, next: () => Promise<void>) => Promise<void>;

/** An interceptor has broken a rule of interceptors: a fault of this side, whose message says which rule. */
export class InterceptorFault extends RpcError {
  constructor(rule: string, options?: ErrorOptions) {
    super(Code.INTERNAL, `an interceptor ${rule}`, options);
  }
}

/**
 * Puts interceptors around `innermost`, the first outermost.
 *
 * An interceptor calls `next()` once, awaits it, and lets its rejection through or throws another error. One that returns otherwise would make a call
 * complete that is not: it is an InterceptorFault.
 */
export async function intercept<Call>(
  interceptors: readonly Interceptor<Call>[],
  call: Call,
  innermost: () => Promise<void>,
): Promise<void> {
  const runFrom = async (index: number): Promise<void> => {
    const interceptor = interceptors[index];
    if (interceptor === undefined) return innermost();
    const inner = new Inner(() => runFrom(index + 1));
    try {
      await interceptor(call, () => inner.next());
    } finally {
      inner.over = true;
    }
    inner.check();
  };
  await runFrom(0);
}

/** What lies inside one interceptor. */
class Inner {
  readonly #run: () => Promise<void>;
  #state: "not started" | "running" | "resolved" | "rejected" = "not started";
  #failure: unknown;
  #fault: InterceptorFault | undefined;
  /** Whether the interceptor has returned or thrown. */
  over = false;

  constructor(run: () => Promise<void>) {
    this.#run = run;
  }

  next(): Promise<void> {
    const promise = this.over || this.#state !== "not started" ? this.#refuse() : this.#start();
    // An interceptor that does not await it must not end the process by an unhandled rejection.
    promise.catch(() => {});
    return promise;
  }

  async #refuse(): Promise<never> {
    this.#fault ??= new InterceptorFault(this.over ? "called next() after it had returned" : "called next() twice");
    throw this.#fault;
  }

  async #start(): Promise<void> {
    this.#state = "running";
    try {
      await this.#run();
      this.#state = "resolved";
    } catch (failure) {
      this.#state = "rejected";
      this.#failure = failure;
      throw failure;
    }
  }

  /** Throws if the interceptor has returned, and should not have. */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#state === "resolved") return;
    if (this.#state === "not started") throw new InterceptorFault("returned without calling next()");
    if (this.#state === "running") throw new InterceptorFault("returned before next() had settled: await it");
    throw new InterceptorFault("returned although next() had rejected: throw what it rejects with, or another error", {
      cause: this.#failure,
    });
  }
}
