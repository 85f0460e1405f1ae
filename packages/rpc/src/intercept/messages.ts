// The messages that interceptors see: complete ones, made from what a handler or a caller gives.
import { create, type DescMessage, isMessage, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { type AnyIterable, type AnyIterator, iteratorOf } from "../iterable.ts";
import { describeNonMessage, describeNonObject } from "../protocol/no-message.ts";
import type { AnyResponse } from "./types.ts";

/**
 * Returns a message that is complete: `init` itself if it is one.
 *
 * @throws TypeError if `init` is not a message.
 */
export function complete(schema: DescMessage, init: unknown): Message {
  if (isMessage(init, schema)) return init;
  const kind = describeNonObject(init) ?? describeNonMessage(init as object);
  if (kind !== undefined) throw new TypeError(`a message must be an object with fields, got ${kind}`);
  return create(schema, init as MessageInitShape<DescMessage>);
}

/** Returns the messages of an iterable, each complete. */
export function completed(schema: DescMessage, inits: AnyIterable): AsyncIterableIterator<Message, undefined> {
  return new Completed(schema, iteratorOf(inits));
}

/** Not a generator: a waiting `next()` does not keep `return()` from reaching the iterator behind. */
class Completed implements AsyncIterableIterator<Message, undefined> {
  readonly #schema: DescMessage;
  readonly #inits: AnyIterator;

  constructor(schema: DescMessage, inits: AnyIterator) {
    this.#schema = schema;
    this.#inits = inits;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Message, undefined>> {
    const { done, value } = await this.#inits.next();
    return done ? { done, value: undefined } : { done: false, value: complete(this.#schema, value) };
  }

  async return(): Promise<IteratorResult<Message, undefined>> {
    await this.#inits.return?.();
    return { done: true, value: undefined };
  }
}

/** Marks the responses that come from the inside, so that they need no check. */
export const inner: unique symbol = Symbol("inner");

/**
 * A response that comes from the inside. An interface rather than a class: an object of a class that
 * extends another one takes three times as long to allocate.
 */
export interface InnerResponse extends AnyResponse {
  readonly [inner]: true;
}

export function isInner(response: unknown): response is InnerResponse {
  return typeof response === "object" && response !== null && (response as Partial<InnerResponse>)[inner] === true;
}

/** The only response of a call. It is completed when an interceptor reads it. */
export class OneMessage implements InnerResponse {
  readonly #schema: DescMessage;
  #message: unknown;

  constructor(schema: DescMessage, message: unknown) {
    this.#schema = schema;
    this.#message = message;
  }

  get [inner](): true {
    return true;
  }

  get message(): Message {
    this.#message = complete(this.#schema, this.#message);
    return this.#message as Message;
  }

  /** The message of a response, as the inside or an interceptor gave it. */
  static of(response: AnyResponse): unknown {
    return response instanceof OneMessage ? response.#message : response.message;
  }
}

/** What an interceptor has answered, as the one outside sees it: with complete messages. */
export class Answer implements InnerResponse {
  readonly #schema: DescMessage;
  readonly #response: AnyResponse & { readonly header?: unknown; readonly trailer?: unknown };
  #message: Message | undefined;
  readonly messages: AsyncIterable<Message> | undefined;

  constructor(schema: DescMessage, response: AnyResponse) {
    this.#schema = schema;
    this.#response = response;
    this.messages = response.messages === undefined ? undefined : completed(schema, response.messages as AnyIterable);
  }

  get [inner](): true {
    return true;
  }

  get message(): Message | undefined {
    if (this.messages === undefined) this.#message ??= complete(this.#schema, this.#response.message);
    return this.#message;
  }

  /** The metadata of a client's response, if the interceptor has passed it on. */
  get header(): unknown {
    return this.#response.header;
  }

  get trailer(): unknown {
    return this.#response.trailer;
  }
}
