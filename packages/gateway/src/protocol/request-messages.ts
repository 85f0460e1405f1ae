// The requests of a stream: an iterator over the envelopes of an HTTP request body.
import type { Readable } from "node:stream";
import { Code, RpcError } from "@grpc-study/rpc";
import { type BodyLimits, broken, tooSlow } from "../http/body.ts";
import { afterFinalEnd } from "../http/body-end.ts";
import { discard } from "../http/inflate.ts";
import type { HttpRequest } from "../http/message.ts";
import { EnvelopeReader } from "./envelope.ts";

/** Unread bytes from which the body is paused. */
const window = 64 * 1024;

/** What a protocol does with the bytes of a body. */
export interface RequestDecoder<Message> {
  /** Decodes a chunk of text. Absent for a binary body. */
  readonly text?: { push(chunk: Buffer): Buffer; end(): void } | undefined;
  /**
   * Decodes a message, after decompression if its flags say so.
   *
   * @throws RpcError if the message is malformed.
   */
  decode(bytes: Buffer, flags: number): Message | Promise<Message>;
}

/**
 * Reads the requests of a stream. The body is paused while more than `window` bytes are unread. The
 * time limit applies to a message that has begun, not to the time between messages. A body that ends
 * early, or within a message, fails the call: the upstream never sees its end.
 */
export class RequestMessages<Message> implements AsyncIterableIterator<Message, undefined> {
  readonly #request: Pick<HttpRequest, "version" | "headers">;
  readonly #body: Readable | undefined;
  readonly #reader: EnvelopeReader;
  readonly #decoder: RequestDecoder<Message>;
  readonly #timeoutMs: number;
  /** Runs while a message is incomplete. */
  #timer: NodeJS.Timeout | undefined;
  #waiter: PromiseWithResolvers<IteratorResult<Message, undefined>> | undefined;
  /** Whether the body has ended, and whether that is final. */
  #ended = false;
  #complete: boolean;
  #returned = false;
  #failure: RpcError | undefined;

  /** @param body the decoded body of the request. */
  constructor(
    request: Pick<HttpRequest, "version" | "headers">,
    body: Readable | undefined,
    decoder: RequestDecoder<Message>,
    { bodyLimit, bodyTimeoutMs }: BodyLimits,
  ) {
    this.#request = request;
    this.#body = body;
    this.#reader = new EnvelopeReader(bodyLimit);
    this.#decoder = decoder;
    this.#timeoutMs = bodyTimeoutMs;
    this.#complete = body === undefined;
    const onBroken = (error?: Error) => {
      if (!this.#ended) this.#fail(broken(error));
    };
    // The listeners stay: an `error` event without a listener would be thrown.
    body
      ?.on("data", (chunk: Buffer) => this.#take(chunk))
      .on("end", () => this.#end())
      .on("error", onBroken)
      .on("close", onBroken);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    this.#waiter ??= Promise.withResolvers();
    const { promise } = this.#waiter;
    this.#deliver();
    return promise;
  }

  /** Discards the rest of the body. The call does this when it ends. */
  return(): Promise<IteratorResult<Message, undefined>> {
    this.#returned = true;
    this.#discard();
    this.#deliver();
    return Promise.resolve({ done: true, value: undefined });
  }

  #take(chunk: Buffer): void {
    if (this.#returned || this.#failure !== undefined) return;
    try {
      this.#reader.push(this.#decoder.text?.push(chunk) ?? chunk);
    } catch (error) {
      this.#fail(RpcError.from(error));
      return;
    }
    this.#deliver();
    if (this.#reader.unread >= window) this.#body?.pause();
  }

  #end(): void {
    this.#ended = true;
    afterFinalEnd(this.#request, () => {
      if (this.#failure !== undefined) return;
      try {
        this.#decoder.text?.end();
        this.#complete = true;
      } catch (error) {
        this.#fail(RpcError.from(error));
      }
      this.#deliver();
    });
  }

  #fail(error: RpcError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#discard();
    this.#deliver();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #discard(): void {
    this.#stopTimer();
    this.#reader.clear();
    if (this.#body !== undefined) discard(this.#body);
  }

  /** Settles the reader's promise if there is something for it. */
  #deliver(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    const bytes = this.#returned ? undefined : this.#read();
    if (this.#failure === undefined && !this.#returned && bytes === undefined && !this.#complete) return;
    this.#waiter = undefined;
    if (this.#failure !== undefined) waiter.reject(this.#failure);
    else if (bytes === undefined) waiter.resolve({ done: true, value: undefined });
    else this.#decode(bytes, waiter);
  }

  /** Returns the next message, if it is complete. */
  #read(): Buffer | undefined {
    if (this.#failure !== undefined) return undefined;
    const reader = this.#reader;
    try {
      const bytes = reader.next();
      if (bytes === undefined && reader.inside) this.#incomplete();
      else this.#stopTimer();
      if (reader.unread < window && this.#body?.isPaused()) this.#body.resume();
      return bytes;
    } catch (error) {
      this.#failure = RpcError.from(error);
      this.#discard();
      return undefined;
    }
  }

  #incomplete(): void {
    const timeoutMs = this.#timeoutMs;
    if (this.#complete) throw new RpcError(Code.INVALID_ARGUMENT, "the body ends within a message");
    const late = () => this.#fail(tooSlow("a message", timeoutMs));
    this.#timer ??= setTimeout(late, timeoutMs);
  }

  #decode(bytes: Buffer, waiter: PromiseWithResolvers<IteratorResult<Message, undefined>>): void {
    const { flags } = this.#reader;
    const failed = (error: unknown) => {
      this.#fail(RpcError.from(error));
      waiter.reject(error);
    };
    try {
      const message = this.#decoder.decode(bytes, flags);
      if (message instanceof Promise) message.then((value) => waiter.resolve({ done: false, value }), failed);
      else waiter.resolve({ done: false, value: message });
    } catch (error) {
      failed(error);
    }
  }
}
