// Converts between the Observables of Nest and the iterables of @grpc-study/rpc.
import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";
import type { Context } from "@grpc-study/rpc";
import { firstValueFrom, from, isObservable, lastValueFrom, Observable, share, takeUntil } from "rxjs";

type AnyIterable = AsyncIterable<unknown> | Iterable<unknown>;

/**
 * Returns the requests as an Observable. It starts at the first subscription, and has the same
 * messages for all subscribers. As with Nest's own transport, a cancelled call completes it: most
 * subscribers have no error handler, and an unhandled error would end the process.
 */
export function requestsOf(requests: AsyncIterable<unknown>): Observable<unknown> {
  return from(untilCancelled(requests)).pipe(share({ resetOnComplete: false, resetOnError: false, resetOnRefCountZero: false }));
}

async function* untilCancelled(requests: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  // Handlers often subscribe first, and then return a Subject of responses. It must have its
  // subscriber before the first request arrives.
  await setImmediate();
  try {
    yield* requests;
  } catch {
    // The call has ended with this error.
  }
}

/** Returns the response of a handler. An Observable is unsubscribed when the call ends. */
export async function oneOf(result: unknown, { signal }: Context, which: "first" | "last"): Promise<unknown> {
  if (!isObservable(result)) return result;
  const source = result.pipe(takeUntil(ended(signal)));
  return which === "first" ? firstValueFrom(source, { defaultValue: undefined }) : lastValueFrom(source, { defaultValue: undefined });
}

/** Iterates the responses of a handler: an Observable, an iterable, or an Observable of iterables. */
export async function* responsesOf(result: unknown, context: Context, gate: Gate): AsyncGenerator<unknown> {
  if (!isObservable(result)) {
    yield* isIterable(result) ? result : [result];
    return;
  }
  for await (const value of queued(result.pipe(takeUntil(ended(context.signal))), gate)) {
    // Without @Implement, interceptors pass the iterable of a handler on as one value.
    if (isIterable(value)) yield* value;
    else yield value;
  }
}

/** Iterates an Observable. The gate is open while no value waits. */
async function* queued(source: Observable<unknown>, gate: Gate): AsyncGenerator<unknown> {
  let queue: unknown[] = [];
  let end: { readonly error?: unknown } | undefined;
  let wake = () => {};
  const observer = {
    next(value: unknown) {
      queue.push(value);
      gate.close();
      wake();
    },
    error(error: unknown) {
      end = { error };
      wake();
    },
    complete() {
      end = {};
      wake();
    },
  };
  // Interceptors call the handler when their Observable is subscribed.
  const subscription = withGate(gate, () => source.subscribe(observer));
  try {
    for (;;) {
      const values = queue;
      queue = [];
      yield* values;
      if (queue.length > 0) continue;
      if (end !== undefined) break;
      gate.open();
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if ("error" in end) throw end.error;
  } finally {
    subscription.unsubscribe();
  }
}

/** Fails when the signal aborts. */
function ended(signal: AbortSignal): Observable<never> {
  return new Observable((subscriber) => {
    const end = () => subscriber.error(signal.reason);
    if (signal.aborted) {
      end();
      return undefined;
    }
    signal.addEventListener("abort", end);
    return () => signal.removeEventListener("abort", end);
  });
}

/** Pauses the source of an Observable while the caller does not read. */
export class Gate {
  #closed: PromiseWithResolvers<void> | undefined;

  close(): void {
    this.#closed ??= Promise.withResolvers();
  }

  open(): void {
    this.#closed?.resolve();
    this.#closed = undefined;
  }

  /** Resolves when the gate is open. */
  get opened(): Promise<void> | undefined {
    return this.#closed?.promise;
  }
}

const gates = new AsyncLocalStorage<Gate | undefined>();

/** Runs a handler of a controller. */
export function withGate<T>(gate: Gate, run: () => T): T {
  return gates.run(gate, run);
}

/**
 * Runs a method of a controller. If Nest calls it for a call, and it returns an iterable, returns an
 * Observable of its values, so that the interceptors and filters of Nest see each of them.
 */
export function observed(run: () => unknown): unknown {
  const gate = gates.getStore();
  if (gate === undefined) return run();
  // Other methods of controllers that this one calls return what they declare.
  return gates.run(undefined, () => {
    const values = (result: unknown) => (isIterable(result) ? valuesOf(result, gate) : result);
    const result = run();
    return result instanceof Promise ? result.then(values) : values(result);
  });
}

function valuesOf(iterable: AnyIterable, gate: Gate): Observable<unknown> {
  return new Observable((subscriber) => {
    const iterator = Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
    const run = async () => {
      try {
        while (!subscriber.closed) {
          const { done, value } = await iterator.next();
          if (done === true) subscriber.complete();
          else subscriber.next(value);
          await gate.opened;
        }
      } catch (error) {
        subscriber.error(error);
      }
    };
    gates.run(undefined, run);
    return async () => {
      gate.open();
      try {
        await iterator.return?.();
      } catch {
        // The call has ended.
      }
    };
  });
}

function isIterable(value: unknown): value is AnyIterable {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}
