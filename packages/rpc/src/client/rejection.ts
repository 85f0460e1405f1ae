// Promises that reject with a stack of the caller.

/** A promise, and what settles it. */
export class Settling<Result> {
  readonly promise: Promise<Result>;
  readonly resolve: (result: Result | Promise<Result>) => void;

  constructor() {
    this.promise = new Promise(keep);
    this.resolve = kept as (result: Result | Promise<Result>) => void;
  }

  /**
   * Rejects the promise. A rejection that nobody awaits is no unhandled rejection.
   * @param isFresh whether the call created the failure: then its stack becomes that of the caller.
   */
  reject(failure: unknown, isFresh: boolean): void {
    this.resolve(rejection(this.promise, failure, isFresh));
  }
}

/** The `resolve` of the promise that is being created. One executor serves all promises. */
let kept: (result: never) => void;
function keep(resolve: (result: never) => void): void {
  kept = resolve;
}

/**
 * Rejects. `promise` has been resolved with the promise of this function. V8 follows that link when it captures a stack here, so the stack
 * has the line of each async function that awaits `promise`. Calls that succeed pay nothing for it.
 */
async function rejection(promise: Promise<unknown>, failure: unknown, isFresh: boolean): Promise<never> {
  // The link is made by a job of its own, which runs after the first of these.
  await undefined;
  await undefined;
  if (isFresh) Error.captureStackTrace(failure as Error, rejection);
  // After the capture: V8 follows a promise with one reaction only.
  promise.catch(ignore);
  throw failure;
}

/** A promise that rejects. */
export function rejected(failure: unknown, isFresh: boolean): Promise<never> {
  const settling = new Settling<never>();
  settling.reject(failure, isFresh);
  return settling.promise;
}

function ignore(): void {}
