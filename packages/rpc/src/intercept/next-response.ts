// What `next()` returns while the response is on its way.
import type { AnyResponse, MaybePromise } from "./types.ts";

/** Where a response comes from. */
interface Source<From> {
  /** Makes the promise of the response. Called at most once for a response. */
  promised(from: From): Promise<AnyResponse>;
}

/**
 * Behaves as a promise, and makes one when something waits for it. An interceptor that only observes
 * returns it as it is, and the call then passes its outcome on without it. A promise would cost such
 * an interceptor more than all the rest.
 */
// Has no subclasses: an object of a class that extends another one takes twice as long to allocate.
export class NextResponse<From> implements Promise<AnyResponse> {
  readonly #source: Source<From>;
  readonly #from: From;
  #promise: Promise<AnyResponse> | undefined = undefined;

  constructor(source: Source<From>, from: From) {
    this.#source = source;
    this.#from = from;
  }

  get [Symbol.toStringTag](): string {
    return "Promise";
  }

  /** A promise of the response. An async function awaits it faster than this object. */
  get promise(): Promise<AnyResponse> {
    this.#promise ??= this.#source.promised(this.#from);
    return this.#promise;
  }

  // biome-ignore lint/suspicious/noThenProperty: it behaves as a promise.
  then<Ok = AnyResponse, Failed = never>(
    onResponse?: ((response: AnyResponse) => Ok | PromiseLike<Ok>) | null,
    onFailure?: ((failure: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Ok | Failed> {
    return this.promise.then(onResponse, onFailure);
  }

  catch<Failed = never>(onFailure?: ((failure: unknown) => Failed | PromiseLike<Failed>) | null): Promise<AnyResponse | Failed> {
    return this.promise.catch(onFailure);
  }

  finally(onEnd?: (() => void) | null): Promise<AnyResponse> {
    return this.promise.finally(onEnd);
  }

  /** What the response comes from, if interceptors have returned `response` as it is and none waits for it. */
  static passedOn<From>(response: MaybePromise<AnyResponse>, source: Source<From>): From | undefined {
    return response instanceof NextResponse && response.#source === source && response.#promise === undefined ? response.#from : undefined;
  }
}

Object.setPrototypeOf(NextResponse.prototype, Promise.prototype);
