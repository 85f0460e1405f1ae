// Lets calls that have arrived together be answered together.

let turn: Promise<void> | undefined;

/**
 * Resolves at the end of this turn of the event loop. All that wait share one timer.
 *
 * Unary calls wait for it before they answer: all requests that have arrived together are then read
 * before the first is answered, and their responses follow each other without other work in between. A
 * peer on the same machine, such as a proxy, does not sleep and wake for each of them. That costs more
 * than a call does.
 */
export function endOfTurn(): Promise<void> {
  turn ??= new Promise((resolve) =>
    setImmediate(() => {
      turn = undefined;
      resolve();
    }),
  );
  return turn;
}
