// The response of an async handler, as interceptors await it.
import { ignorable } from "../intercept/chain.ts";
import type { AnyResponse } from "../intercept/types.ts";

/** What waits for a handler. It ends with the call, even if the handler ignores its signal. */
export interface Cuttable {
  /** Whether something may wait for the handler. */
  readonly waits: boolean;
  cut(reason: unknown): void;
}

/** The promises of all responses share one executor. */
let resolver: (response: AnyResponse) => void;
let rejecter: (reason: unknown) => void;
function executor(resolve: (response: AnyResponse) => void, reject: (reason: unknown) => void): void {
  resolver = resolve;
  rejecter = reject;
}

export class HandlerMessage implements Cuttable {
  readonly promise: Promise<AnyResponse> = new Promise(executor);
  readonly #resolve = resolver;
  readonly #reject = rejecter;
  waits = true;

  resolve(response: AnyResponse): void {
    this.waits = false;
    this.#resolve(response);
  }

  reject(thrown: unknown): void {
    this.waits = false;
    ignorable(this.promise);
    this.#reject(thrown);
  }

  /** After an outcome of the handler that has just come: it may have ended the call. */
  cut(reason: unknown): void {
    queueMicrotask(() => this.reject(reason));
  }
}
