// Sends the requests of an iterable.
import { type AnyIterable, type AnyIterator, iteratorOf } from "../iterable.ts";
import type { EndListener } from "./handles.ts";
import type { SendOptions } from "./options.ts";

/** The side of a call that sends. */
interface Sending {
  /** Resolves with whether the call takes more requests. */
  send(request: unknown, options?: SendOptions): Promise<boolean>;
  closeSend(): void;
  /** Ends the call with an error. */
  abandon(fault: unknown): void;
  onEnd(listener: EndListener): void;
}

/** Sends requests until the iterable or the call ends, and then closes the iterator. */
export function sendAll(call: Sending, requests: AnyIterable, options?: WeakMap<object, SendOptions>): void {
  let iterator: AnyIterator;
  try {
    iterator = iteratorOf(requests);
  } catch (fault) {
    call.abandon(fault);
    return;
  }
  // A generator that is suspended at an await runs its `finally` once that await settles.
  call.onEnd({ callEnded: () => void close(iterator) });
  pump(call, iterator, options).catch((fault: unknown) => call.abandon(fault));
}

async function pump(call: Sending, iterator: AnyIterator, options: WeakMap<object, SendOptions> | undefined): Promise<void> {
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) return call.closeSend();
    if (!(await call.send(value, options?.get(value as object)))) return;
  }
}

async function close(iterator: AnyIterator): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The call has ended, so the error has no recipient.
  }
}
