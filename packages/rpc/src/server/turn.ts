// Turns of the event loop. A stream with a handler that never waits and a fast peer would block all
// other calls, because promises and ticks run before the loop continues.

/** How many messages a stream sends or reads before it lets the event loop continue. */
export const burst = 1_024;

/** Resolves in the next turn, after the sockets have been read. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export async function inNextTurn<T>(value: T): Promise<T> {
  await nextTurn();
  return value;
}
