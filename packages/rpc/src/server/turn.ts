// Turns of the event loop. A stream whose handler waits for nothing, and whose peer is fast, would keep all other calls waiting: promises and ticks run before
// the loop goes on.

/** How many messages a stream sends, or reads, at most before it lets the event loop go on. */
export const burst = 1_024;

/** Resolves in the next turn, after what sockets have brought. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export async function inNextTurn<T>(value: T): Promise<T> {
  await nextTurn();
  return value;
}
