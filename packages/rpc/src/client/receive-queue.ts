// Buffers the responses of a call between the channel and the reader.
import type { Message } from "@bufbuild/protobuf";
import { MessageQueue } from "../protocol/message-queue.ts";
import type { ClientStream } from "../transport/client.ts";
import { rejected, Settling } from "./rejection.ts";

/**
 * How many bytes of responses the queue pulls ahead of the reader. This exceeds the initial window
 * of an HTTP/2 stream (64 KiB), so that a slow reader finds messages in the queue.
 */
const window = 256 * 1024;

/** What the queue needs from the call. */
export interface ResponseSource {
  readonly ended: boolean;
  /** Decodes a response. If the bytes are malformed, ends the call and throws. */
  parse(bytes: Buffer, compressed: boolean): Message;
  /** Called when the reader sees the end of the call. Returns the failure, or undefined for OK. */
  readEnd(): unknown;
  /** True if the stack of a failure does not contain the caller yet. Returns true once. */
  isFresh(failure: unknown): boolean;
}

export type Result = IteratorResult<Message, undefined>;

/** A read that waits for its response. */
class Waiting extends Settling<Message | Result | undefined> {
  /** True for `next()`, false for `recv()`. */
  readonly iterates: boolean;
  next: Waiting | undefined = undefined;

  constructor(iterates: boolean) {
    super();
    this.iterates = iterates;
  }
}

export class ReceiveQueue {
  readonly #source: ResponseSource;
  readonly #messages = new MessageQueue();
  #stream: ClientStream | undefined = undefined;
  /** Whether a pull is outstanding. */
  #pulled = false;
  #first: Waiting | undefined = undefined;
  #last: Waiting | undefined = undefined;

  constructor(source: ResponseSource) {
    this.#source = source;
  }

  /** Pulls the first response. */
  begin(stream: ClientStream): void {
    this.#stream = stream;
    this.#pull();
  }

  #pull(): void {
    if (this.#pulled || this.#stream === undefined || this.#source.ended || this.#messages.bytes >= window) return;
    this.#pulled = true;
    this.#stream.pull();
  }

  /** Hands a response to the first waiting read, or queues it. */
  push(bytes: Buffer, compressed: boolean): void {
    this.#pulled = false;
    const waiting = this.#takeWaiting();
    if (waiting === undefined) this.#messages.push(bytes, compressed);
    else {
      try {
        waiting.resolve(readResult(this.#source.parse(bytes, compressed), waiting.iterates));
      } catch (failure) {
        waiting.reject(failure, this.#source.isFresh(failure));
      }
    }
    this.#pull();
  }

  /** Resolves with the next response, or undefined after the last one. */
  recv(): Promise<Message | undefined> {
    return this.#read(false) as Promise<Message | undefined>;
  }

  /** Like `recv`, with an iterator's result. */
  next(): Promise<Result> {
    return this.#read(true) as Promise<Result>;
  }

  #read(iterates: boolean): Promise<Message | Result | undefined> {
    const message = this.#messages.shift();
    if (message !== undefined) {
      this.#pull();
      try {
        return Promise.resolve(readResult(this.#source.parse(message.bytes, message.compressed), iterates));
      } catch (failure) {
        return rejected(failure, this.#source.isFresh(failure));
      }
    }
    if (this.#source.ended) {
      const failure = this.#source.readEnd();
      return failure === undefined ? Promise.resolve(readResult(undefined, iterates)) : rejected(failure, this.#source.isFresh(failure));
    }
    const waiting = new Waiting(iterates);
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.next = waiting;
    this.#last = waiting;
    return waiting.promise;
  }

  /** Settles the waiting reads: the call has ended. */
  end(): void {
    for (let waiting = this.#takeWaiting(); waiting !== undefined; waiting = this.#takeWaiting()) {
      const failure = this.#source.readEnd();
      if (failure === undefined) waiting.resolve(readResult(undefined, waiting.iterates));
      else waiting.reject(failure, this.#source.isFresh(failure));
    }
  }

  clear(): void {
    this.#messages.clear();
  }

  #takeWaiting(): Waiting | undefined {
    const waiting = this.#first;
    if (waiting === undefined) return undefined;
    this.#first = waiting.next;
    if (waiting.next === undefined) this.#last = undefined;
    waiting.next = undefined;
    return waiting;
  }
}

/** The result of a read. An undefined message stands for the end of the stream. */
function readResult(message: Message | undefined, iterates: boolean): Message | Result | undefined {
  if (!iterates) return message;
  return message === undefined ? { done: true, value: undefined } : { done: false, value: message };
}
