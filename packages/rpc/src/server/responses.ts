// Writes what a server streaming or bidirectional handler yields, no faster than the peer reads.
import { Frames } from "../protocol/frame.ts";
import type { Call } from "./call.ts";

/** The responses' part of a call object of grpc-js. */
interface ResponseStream {
  write(response: Buffer | Frames): boolean;
  on(event: "drain", listener: () => void): unknown;
}

/** Bytes that are gathered before they are written: about what goes into one DATA frame of HTTP/2. */
const batchBytes = 16 * 1024;

export async function writeResponses(
  responses: AsyncIterable<unknown> | Iterable<unknown>,
  stream: ResponseStream,
  call: Call,
): Promise<void> {
  const iterator = Symbol.asyncIterator in responses ? responses[Symbol.asyncIterator]() : responses[Symbol.iterator]();
  const stop = async () => {
    await iterator.return?.();
  };

  let drained: (() => void) | undefined;
  stream.on("drain", () => drained?.());
  // Not left to the loop below: it may be waiting for a handler that waits for something else. This way the handler's `finally`
  // runs as soon as the handler lets it.
  call.onAbort(() => {
    if (!call.cut) return;
    drained?.();
    stop().catch((error: unknown) => call.fail(error));
  });

  const batch = new Batch(stream);
  const untilDrained = () =>
    new Promise<void>((resolve) => {
      drained = resolve;
    });
  for (;;) {
    let result: IteratorResult<unknown>;
    try {
      const next = iterator.next();
      // What has been gathered does not wait for a handler that does.
      if (batch.size > 0 && isPromise(next) && !(await settlesSoon(next)) && !batch.flush() && !call.cut) await untilDrained();
      result = await next;
    } catch (error) {
      batch.flush();
      throw error;
    }
    if (call.cut) return;
    if (result.done) {
      batch.flush();
      return;
    }
    let room: boolean;
    try {
      const sent = call.send(result.value);
      if (call.batches && Buffer.isBuffer(sent)) room = batch.add(sent);
      else {
        batch.flush();
        const response = isPromise(sent) ? await sent : sent;
        if (call.cut) return;
        room = stream.write(response);
      }
    } catch (error) {
      batch.flush();
      stop().catch(() => {}); // the error that stops it is the one that counts
      throw error;
    }
    if (!room) {
      await untilDrained();
      if (call.cut) return;
    }
  }
}

/** Responses that are ready one right after the other, and are written together: a write costs the same whatever its size. */
class Batch {
  readonly #stream: ResponseStream;
  #messages: Buffer[] = [];
  size = 0;

  constructor(stream: ResponseStream) {
    this.#stream = stream;
  }

  /** Returns whether there is room for more. */
  add(message: Buffer): boolean {
    this.#messages.push(message);
    // A message counts, however small: an empty one has its frame.
    this.size += message.length + 1;
    return this.size < batchBytes || this.flush();
  }

  /** Returns whether there is room for more. */
  flush(): boolean {
    const messages = this.#messages;
    const [first] = messages;
    if (first === undefined) return true;
    const size = this.size - messages.length;
    this.#messages = [];
    this.size = 0;
    return this.#stream.write(messages.length === 1 ? first : new Frames(messages, size));
  }
}

/** How many turns of the queue of promises a generator takes that has its next value at hand. */
const turns = 4;

/** Whether a promise settles without waiting for anything outside of this process's promises. */
async function settlesSoon(promise: PromiseLike<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let turn = 0; turn < turns && !settled; turn++) await undefined;
  return settled;
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === "function";
}
