// An intercepted call with a stream of responses: server streaming, or bidirectional.
import type { Message } from "@bufbuild/protobuf";
import { ignorable } from "../intercept/chain.ts";
import { completed, isInner } from "../intercept/messages.ts";
import type { AnyResponse } from "../intercept/types.ts";
import { type AnyIterable, type AnyIterator, iteratorOf } from "../iterable.ts";
import type { ClientView } from "./call-view.ts";
import type { StreamHandle } from "./handles.ts";
import { InterceptedCall } from "./intercepted-call.ts";
import type { Result } from "./receive-queue.ts";
import { ReceivedStream } from "./received.ts";
import { rejected, Settling } from "./rejection.ts";
import { ResponseStreamCall } from "./response-stream.ts";

const done: Result = { done: true, value: undefined };

export class InterceptedStream extends InterceptedCall implements StreamHandle {
  readonly #messages = Promise.withResolvers<AnyIterator>();
  #iterator: AnyIterator | undefined = undefined;
  readonly #waiting = new Set<Settling<Result>>();

  async recv(): Promise<Message | undefined> {
    return (await this.next()).value;
  }

  next(): Promise<Result> {
    if (this.ended) return this.failure === undefined ? Promise.resolve(done) : rejected(this.failure, this.isFresh());
    const waiting = new Settling<Result>();
    this.#waiting.add(waiting);
    void this.#read(waiting);
    return waiting.promise;
  }

  async #read(waiting: Settling<Result>): Promise<void> {
    try {
      const messages = this.#iterator ?? (await this.#messages.promise);
      const result = await messages.next();
      if (this.ended) return;
      if (result.done) {
        this.end(undefined);
        return;
      }
      this.#waiting.delete(waiting);
      waiting.resolve({ done: false, value: result.value as Message });
    } catch (failure) {
      this.end(failure);
    }
  }

  protected override attempt(view: ClientView): Promise<AnyResponse> {
    const attempt = new ResponseStreamCall(this.channel, this.method, this.attemptOptions);
    this.launch(attempt, view);
    return ignorable(attempt.header().then(() => new ReceivedStream(attempt)));
  }

  protected override deliver(response: AnyResponse): void {
    const messages = response.messages as AnyIterable;
    // Received messages are complete, whatever the codec makes of them.
    this.#iterator = isInner(response) ? iteratorOf(messages) : completed(this.method.descriptor.output, messages);
    this.#messages.resolve(this.#iterator);
  }

  protected override finished(): void {
    for (const waiting of this.#waiting) {
      if (this.failure === undefined) waiting.resolve(done);
      else waiting.reject(this.failure, this.isFresh());
    }
    this.#waiting.clear();
    void this.#close();
  }

  /** Lets a generator of an interceptor run its `finally`. */
  async #close(): Promise<void> {
    try {
      await this.#iterator?.return?.();
    } catch {
      // The call has ended, so the error has no recipient.
    }
  }
}
