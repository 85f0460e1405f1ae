// The responses of a call, from the channel to their reader, who asks for them in order.
import type { Message } from "@bufbuild/protobuf";
import { MessageQueue } from "../protocol/message-queue.ts";
import type { ClientStream } from "../transport/client.ts";
import { rejected, Settling } from "./rejection.ts";

/**
 * How many bytes of responses are asked for before they are read. Not less than HTTP/2's first window for a stream, and more where messages are
 * small: a reader that is late for each message would otherwise wait for the channel each time.
 */
const window = 256 * 1024;

/** The call, as its responses need it. */
export interface ResponseSource {
  readonly ended: boolean;
  /** Throws if it is no such message; the call has ended then. */
  parse(bytes: Buffer, compressed: boolean): Message;
  /** The reader learns how the call ended. Returns the failure, if it is one. */
  readEnd(): unknown;
  /** Whether a failure still has to get a stack of its caller. Says so once. */
  isFresh(failure: unknown): boolean;
}

export type Result = IteratorResult<Message, undefined>;

/** A reader that waits for the next response. */
class Waiting extends Settling<Message | Result | undefined> {
  /** Whether it takes the response as iterators give it. */
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
  /** Whether a response has been asked for that has not come. */
  #pulled = false;
  #first: Waiting | undefined = undefined;
  #last: Waiting | undefined = undefined;

  constructor(source: ResponseSource) {
    this.#source = source;
  }

  /** The call has begun. */
  begin(stream: ClientStream): void {
    this.#stream = stream;
    this.#pull();
  }

  #pull(): void {
    if (this.#pulled || this.#stream === undefined || this.#source.ended || this.#messages.bytes >= window) return;
    this.#pulled = true;
    this.#stream.pull();
  }

  /** A response has come. */
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

  /** The next response; undefined after the last one. */
  recv(): Promise<Message | undefined> {
    return this.#read(false) as Promise<Message | undefined>;
  }

  /** The same, as iterators give it. */
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

  /** The call has ended: readers that wait, wait for a response that does not come. */
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

/** A response, or the end, as its reader takes it. */
function given(message: Message | undefined, iterates: boolean): Message | Result | undefined {
  if (!iterates) return message;
  return message === undefined ? { done: true, value: undefined } : { done: false, value: message };
}
