// Looks at promises without waiting for them.

const { setImmediate } = globalThis;

/** Resolves after a few turns of the event loop, in which calls within the process advance. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves with the value of a promise, with the reason of its rejection, or with `pending`. */
export function now(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise.catch((error: unknown) => error), turns().then(() => "pending")]);
}
