// Reads the response of an attempt, for what `next()` gives.
import type { Message } from "@bufbuild/protobuf";
import type { AnyResponse } from "../intercept/types.ts";
import { ReceivedMessage } from "./received.ts";
import { Settling } from "./rejection.ts";
import type { ResponseReader, SingleResponseCall } from "./single-response.ts";

/** What takes the outcome of an attempt as that of its call. */
interface Taker {
  received(response: AnyResponse): void;
  failed(failure: unknown): void;
}

export class AttemptReader implements ResponseReader {
  readonly #attempt: SingleResponseCall;
  readonly #settling = new Settling<AnyResponse>();
  #taker: Taker | undefined = undefined;
  #settled = false;

  constructor(attempt: SingleResponseCall) {
    this.#attempt = attempt;
  }

  get response(): Promise<AnyResponse> {
    return this.#settling.promise;
  }

  /**
   * Passes the outcome on without waiting for the promise, if that is what the interceptors have
   * returned. Returns whether it will.
   */
  passTo(taker: Taker, response: Promise<AnyResponse>): boolean {
    if (this.#settled || response !== this.#settling.promise) return false;
    this.#taker = taker;
    return true;
  }

  resolve(message: Message): void {
    this.#settled = true;
    const response = new ReceivedMessage(message, this.#attempt);
    // First, so that what the interceptors wait for continues before the caller.
    this.#settling.resolve(response);
    this.#taker?.received(response);
  }

  reject(failure: unknown, isFresh: boolean): void {
    this.#settled = true;
    this.#settling.reject(failure, isFresh && this.#taker === undefined);
    this.#taker?.failed(failure);
  }
}
