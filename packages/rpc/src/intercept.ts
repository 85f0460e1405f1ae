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
 * Puts interceptors around `innermost`, the first outermost. There is one at least.
 *
 * An interceptor calls `next()` once, awaits it, and lets its rejection through or throws another error. One that returns otherwise would make a call
 * complete that is not: it is an InterceptorFault.
 */
export function intercept<Call>(interceptors: readonly Interceptor<Call>[], call: Call, innermost: () => Promise<void>): Promise<void> {
  return runFrom(0, interceptors, call, innermost);
}

async function runFrom<Call>(
  index: number,
  interceptors: readonly Interceptor<Call>[],
  call: Call,
  innermost: () => Promise<void>,
): Promise<void> {
  const interceptor = interceptors[index] as Interceptor<Call>;
  const isLast = index === interceptors.length - 1;
  const inner = new Inner(isLast ? innermost : () => runFrom(index + 1, interceptors, call, innermost));
  try {
    await interceptor(call, () => inner.next());
  } finally {
    inner.over = true;
  }
  inner.check();
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
    if (this.over || this.#state !== "not started") return this.#refuse();
    this.#state = "running";
    const outcome: Promise<void> = this.#run().then(
      () => {
        this.#state = "resolved";
      },
      (failure: unknown) => {
        this.#state = "rejected";
        this.#failure = failure;
        letGo(outcome);
        throw failure;
      },
    );
    return outcome;
  }

  #refuse(): Promise<never> {
    this.#fault ??= new InterceptorFault(this.over ? "called next() after it had returned" : "called next() twice");
    const refusal = Promise.reject(this.#fault);
    letGo(refusal);
    return refusal;
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

/** An interceptor that does not await a promise must not end the process by an unhandled rejection. */
function letGo(promise: Promise<void>): void {
  promise.catch(() => {});
}
