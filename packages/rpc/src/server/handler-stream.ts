// The responses of a handler, as interceptors read them.
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { completed, type InnerResponse, inner } from "../intercept/messages.ts";
import type { AnyResponse } from "../intercept/types.ts";
import type { AnyIterable } from "../iterable.ts";
import type { Cuttable } from "./handler-message.ts";

type Result = IteratorResult<Message, undefined>;

/** The response of a handler with a response stream. */
export class HandlerStream implements InnerResponse, Cuttable {
  readonly #schema: DescMessage;
  readonly #output: AnyIterable;
  readonly #onFault: (thrown: unknown) => void;
  #messages: CuttableMessages | undefined;

  /** @param onFault called with what the handler throws after the cut. */
  constructor(schema: DescMessage, output: AnyIterable, onFault: (thrown: unknown) => void) {
    this.#schema = schema;
    this.#output = output;
    this.#onFault = onFault;
  }

  get [inner](): true {
    return true;
  }

  get messages(): AsyncIterable<Message> {
    this.#messages ??= new CuttableMessages(completed(this.#schema, this.#output), this.#onFault);
    return this.#messages;
  }

  get waits(): boolean {
    return this.#messages?.running === true;
  }

  /** Ends pending reads. */
  cut(reason: unknown): void {
    this.#messages?.cut(reason);
  }

  /** The messages of a response: those of the handler itself if no interceptor has read them. */
  static of(response: AnyResponse): AnyIterable {
    if (!(response instanceof HandlerStream)) return response.messages as AnyIterable;
    return response.#messages ?? response.#output;
  }
}

/** Messages whose pending reads fail once the call is cut. */
class CuttableMessages implements AsyncIterableIterator<Message, undefined> {
  readonly #messages: AsyncIterableIterator<Message, undefined>;
  readonly #onFault: (thrown: unknown) => void;
  readonly #waiting = new Set<(reason: unknown) => void>();
  #done = false;
  #cut = false;
  #reason: unknown;

  constructor(messages: AsyncIterableIterator<Message, undefined>, onFault: (thrown: unknown) => void) {
    this.#messages = messages;
    this.#onFault = onFault;
  }

  /** Whether the handler has not ended, and the messages are not cut. */
  get running(): boolean {
    return !this.#cut && !this.#done;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#cut) return Promise.reject(this.#reason);
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      this.#messages.next().then(
        (result) => {
          this.#waiting.delete(reject);
          if (result.done) this.#done = true;
          resolve(result);
        },
        (thrown: unknown) => {
          this.#waiting.delete(reject);
          this.#done = true;
          if (this.#cut) this.#onFault(thrown);
          else reject(thrown);
        },
      );
    });
  }

  async return(): Promise<Result> {
    this.#done = true;
    await this.#messages.return?.();
    return { done: true, value: undefined };
  }

  cut(reason: unknown): void {
    if (!this.running) return;
    this.#cut = true;
    this.#reason = reason;
    for (const reject of this.#waiting) reject(reason);
    this.#waiting.clear();
    // Not synchronously: the caller may be the generator itself, which cannot return while it runs.
    queueMicrotask(() => this.#messages.return?.().catch(this.#onFault));
  }
}
