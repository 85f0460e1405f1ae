// Promises whose rejections carry the caller's stack.

/** A promise with the functions that settle it. */
export class Settling<Result> {
  readonly promise: Promise<Result>;
  readonly resolve: (result: Result | Promise<Result>) => void;

  constructor() {
    this.promise = new Promise(keep);
    this.resolve = kept as (result: Result | Promise<Result>) => void;
  }

  /**
   * Rejects the promise. Without an `await`, the rejection does not count as unhandled.
   * @param isFresh whether the failure needs the caller's stack. See `Call.isFresh`.
   */
  reject(failure: unknown, isFresh: boolean): void {
    this.resolve(rejection(this.promise, failure, isFresh));
  }
}

/** The `resolve` of the promise under construction. All promises share one executor. */
let kept: (result: never) => void;
function keep(resolve: (result: never) => void): void {
  kept = resolve;
}

/**
 * Rejects with the failure. The caller has resolved `promise` with the promise of this function. V8
 * follows that link when it captures a stack here. The stack therefore contains the line of each
 * async function that awaits `promise`. Calls that succeed pay nothing for it.
 */
async function rejection(promise: Promise<unknown>, failure: unknown, isFresh: boolean): Promise<never> {
  // A separate job makes the link. It runs after the first of these awaits.
  await undefined;
  await undefined;
  if (isFresh) Error.captureStackTrace(failure as Error, rejection);
  // Must follow the capture: V8 follows a promise with a single reaction only.
  promise.catch(ignore);
  throw failure;
}

/** Returns a rejected promise. */
export function rejected(failure: unknown, isFresh: boolean): Promise<never> {
  const settling = new Settling<never>();
  settling.reject(failure, isFresh);
  return settling.promise;
}

function ignore(): void {}
