// The response of an attempt with one message, as `next()` returns it.

import type { Message } from "@bufbuild/protobuf";
import type { AnyResponse } from "../intercept/types.ts";
import { ReceivedMessage } from "./received.ts";
import { Settling } from "./rejection.ts";
import type { ResponseReader, SingleResponseCall } from "./single-response.ts";

/**
 * Behaves as a promise, and makes one when something waits for it. An interceptor that only observes
 * returns it as it is. A promise would cost such an interceptor more than all the rest.
 */
export class NextResponse implements Promise<AnyResponse>, ResponseReader {
  readonly #attempt: SingleResponseCall;
  /** Set once something waits. */
  #settling: Settling<AnyResponse> | undefined = undefined;

  constructor(attempt: SingleResponseCall) {
    this.#attempt = attempt;
  }

  get [Symbol.toStringTag](): string {
    return "Promise";
  }

  /** Whether something waits for the response. */
  get awaited(): boolean {
    return this.#settling !== undefined;
  }

  /** A promise of the response. An async function awaits it faster than this object. */
  get promise(): Promise<AnyResponse> {
    if (this.#settling === undefined) {
      this.#settling = new Settling();
      this.#read(this.#settling.promise);
    }
    return this.#settling.promise;
  }

  // biome-ignore lint/suspicious/noThenProperty: it behaves as a promise.
  then<Ok = AnyResponse, Failed = never>(
    onResponse?: ((response: AnyResponse) => Ok | PromiseLike<Ok>) | null,
    onFailure?: ((failure: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Ok | Failed> {
    if (this.#settling !== undefined) return this.#settling.promise.then(onResponse, onFailure);
    // In this order, so that the interceptor continues before the reader of the attempt.
    this.#settling = new Settling();
    const { promise } = this.#settling;
    const following = promise.then(onResponse, onFailure);
    this.#read(promise);
    return following;
  }

  catch<Failed = never>(onFailure?: ((failure: unknown) => Failed | PromiseLike<Failed>) | null): Promise<AnyResponse | Failed> {
    return this.then(undefined, onFailure);
  }

  finally(onEnd?: (() => void) | null): Promise<AnyResponse> {
    return this.then().finally(onEnd);
  }

  /** Reads the attempt. A reader that it had waits for the promise, and so continues after the interceptor. */
  #read(promise: Promise<AnyResponse>): void {
    const attempt = this.#attempt;
    const hasEnded = attempt.ended;
    const reader = attempt.readTo(this);
    if (reader === undefined || hasEnded) return;
    promise.then(
      ({ message }) => reader.resolve(message as Message),
      (failure: unknown) => reader.reject(failure, attempt.created === failure),
    );
  }

  /** Passes the outcome to a reader, without a promise. */
  readTo(reader: ResponseReader): void {
    this.#attempt.readTo(reader);
  }

  resolve(message: Message): void {
    this.#settling?.resolve(new ReceivedMessage(message, this.#attempt));
  }

  reject(failure: unknown, isFresh: boolean): void {
    this.#settling?.reject(failure, isFresh);
  }
}

Object.setPrototypeOf(NextResponse.prototype, Promise.prototype);
