// Sends the requests of an iterable.
import type { Call } from "./call.ts";

export type Requests = AsyncIterable<unknown> | Iterable<unknown>;

/** Sends requests until the iterable or the call ends, and then closes the iterator. */
export function sendAll(call: Call, requests: Requests): void {
  let iterator: AsyncIterator<unknown> | Iterator<unknown>;
  try {
    iterator = Symbol.asyncIterator in requests ? requests[Symbol.asyncIterator]() : requests[Symbol.iterator]();
  } catch (fault) {
    call.abandon(fault);
    return;
  }
  // A generator that is suspended at an await runs its `finally` once that await settles.
  call.onEnd(() => void close(iterator));
  pump(call, iterator).catch((fault: unknown) => call.abandon(fault));
}

async function pump(call: Call, iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) return call.closeSend();
    if (!(await call.send(value))) return;
  }
}

async function close(iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The call has ended, so the error has no recipient.
  }
}

export function isIterable(value: unknown): value is Requests {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}
