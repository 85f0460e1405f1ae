// The call of a server that runs: everything that its interceptors and its handler start knows it,
// by AsyncLocalStorage.
//
// Entering a call costs about 0.4 µs with Node 24, and with Node 22 a little for each promise. A
// process in which nothing asks for the current call therefore enters none: see `useCurrentCall`.
import { AsyncLocalStorage } from "node:async_hooks";
import type { OuterCall } from "./outer-call.ts";

const storage = new AsyncLocalStorage<OuterCall | undefined>();

/** Whether calls are entered. */
export let used = false;

/** From now on, calls of servers are entered. `createClient` calls it. */
export function useCurrentCall(): void {
  used = true;
}

/** Runs a function as a part of a call, with everything that it starts. */
export function enter<Args extends unknown[]>(call: OuterCall, run: (...args: Args) => void, ...args: Args): void {
  if (used) storage.run(call, run, ...args);
  else run(...args);
}

/** Runs a function outside of any call, with everything that it starts. */
export function outside<T>(run: () => T): T {
  return storage.getStore() === undefined ? run() : storage.run(undefined, run);
}

/** The call of a server that runs. Undefined outside of a call. */
export function outerCall(): OuterCall | undefined {
  return used ? storage.getStore() : undefined;
}
