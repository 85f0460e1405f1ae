// How the failure of a call reaches whoever awaits it.

/** The promise of a call, and what settles it. */
export class Settling<Result> {
  readonly promise: Promise<Result>;
  readonly resolve: (result: Result | Promise<Result>) => void;

  constructor() {
    this.promise = new Promise(keep);
    this.resolve = kept as (result: Result | Promise<Result>) => void;
  }

  /**
   * Rejects the promise. Where nobody awaits it, the failure is no unhandled rejection.
   * @param isFresh whether the failure has been made by the call, and has no stack of its caller yet: it gets one.
   */
  reject(failure: unknown, isFresh: boolean): void {
    this.resolve(rejection(this.promise, failure, isFresh));
  }
}

/** Of the promise that is being made: one function for all. */
let kept: (result: never) => void;
function keep(resolve: (result: never) => void): void {
  kept = resolve;
}

/**
 * Rejects. A stack that is captured here has the line of each async function that awaits `promise`: V8 finds it from this function's own promise, which
 * `promise` has been resolved with. So calls that succeed pay nothing for it.
 */
async function rejection(promise: Promise<unknown>, failure: unknown, isFresh: boolean): Promise<never> {
  // Resolving a promise with another one takes a job of its own, which comes after the first of these.
  await undefined;
  await undefined;
  if (isFresh) Error.captureStackTrace(failure as Error, rejection);
  // Not before: V8 follows a promise that one function awaits.
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
