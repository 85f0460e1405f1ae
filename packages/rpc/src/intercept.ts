// Runs interceptors, for servers and for clients. An interceptor runs around a call, and `next()`
// runs the next interceptor or the call itself.
import { Code } from "./protocol/code.ts";
import { RpcError } from "./protocol/error.ts";

type Interceptor<Call> = (call: Call, next: () => Promise<void>) => Promise<void>;

/**
 * Thrown if an interceptor breaks a rule. The fault is on this side, and the message names the
 * rule.
 */
export class InterceptorFault extends RpcError {
  constructor(rule: string, options?: ErrorOptions) {
    super(Code.INTERNAL, `an interceptor ${rule}`, options);
  }
}

/**
 * Runs `innermost` inside the interceptors, the first one outermost. `interceptors` must not be
 * empty.
 *
 * An interceptor calls `next()` once, awaits it, and lets its rejection through or throws another
 * error. Returning in any other case would report an incomplete call as complete, so it is an
 * InterceptorFault.
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

/** Tracks the `next()` of one interceptor. */
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
    if (this.over || this.#state !== "not started") return this.#reject();
    this.#state = "running";
    const outcome: Promise<void> = this.#run().then(
      () => {
        this.#state = "resolved";
      },
      (failure: unknown) => {
        this.#state = "rejected";
        this.#failure = failure;
        ignoreRejection(outcome);
        throw failure;
      },
    );
    return outcome;
  }

  #reject(): Promise<never> {
    this.#fault ??= new InterceptorFault(this.over ? "called next() after it had returned" : "called next() twice");
    const rejection = Promise.reject(this.#fault);
    ignoreRejection(rejection);
    return rejection;
  }

  /** @throws InterceptorFault if the interceptor returned although it had to wait or to throw. */
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

/**
 * Keeps a promise that an interceptor does not await from ending the process as an unhandled
 * rejection.
 */
function ignoreRejection(promise: Promise<void>): void {
  promise.catch(() => {});
}
