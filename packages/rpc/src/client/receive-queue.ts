// The responses of a call between the channel and the reader.
import type { Message } from "@bufbuild/protobuf";
import { MessageQueue } from "../protocol/message-queue.ts";
import type { ClientStream } from "../transport/client.ts";
import { rejected, Settling } from "./rejection.ts";

/**
 * How many bytes of responses are pulled ahead of the reader. It is more than the first window of an HTTP/2 stream (64 KiB), so that a
 * reader that lags finds messages waiting.
 */
const window = 256 * 1024;

/** The call. */
export interface ResponseSource {
  readonly ended: boolean;
  /** Ends the call and throws if the bytes are no such message. */
  parse(bytes: Buffer, compressed: boolean): Message;
  /** Tells the reader how the call ended. Returns the failure, or undefined for OK. */
  readEnd(): unknown;
  /** Whether the stack of a failure lacks the caller. Returns true once. */
  isFresh(failure: unknown): boolean;
}

export type Result = IteratorResult<Message, undefined>;

/** A read that waits for its response. */
class Waiting extends Settling<Message | Result | undefined> {
  /** Whether it is a `next()`, and not a `recv()`. */
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

  /** Takes a response: for the first read that waits, or into the queue. */
  push(bytes: Buffer, compressed: boolean): void {
    this.#pulled = false;
    const waiting = this.#takeWaiting();
    if (waiting === undefined) this.#messages.push(bytes, compressed);
    else {
      try {
        waiting.resolve(given(this.#source.parse(bytes, compressed), waiting.iterates));
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

  /** The same for iterators. */
  next(): Promise<Result> {
    return this.#read(true) as Promise<Result>;
  }

  #read(iterates: boolean): Promise<Message | Result | undefined> {
    const message = this.#messages.shift();
    if (message !== undefined) {
      this.#pull();
      try {
        return Promise.resolve(given(this.#source.parse(message.bytes, message.compressed), iterates));
      } catch (failure) {
        return rejected(failure, this.#source.isFresh(failure));
      }
    }
    if (this.#source.ended) {
      const failure = this.#source.readEnd();
      return failure === undefined ? Promise.resolve(given(undefined, iterates)) : rejected(failure, this.#source.isFresh(failure));
    }
    const waiting = new Waiting(iterates);
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.next = waiting;
    this.#last = waiting;
    return waiting.promise;
  }

  /** Ends the reads that wait. */
  end(): void {
    for (let waiting = this.#takeWaiting(); waiting !== undefined; waiting = this.#takeWaiting()) {
      const failure = this.#source.readEnd();
      if (failure === undefined) waiting.resolve(given(undefined, waiting.iterates));
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

/** The result of a read: a response, or the end. */
function given(message: Message | undefined, iterates: boolean): Message | Result | undefined {
  if (!iterates) return message;
  return message === undefined ? { done: true, value: undefined } : { done: false, value: message };
}
