// Lets calls that have arrived together be made and answered together.

let turn: Promise<void> | undefined;

/**
 * Resolves at the end of this turn of the event loop. All that wait share one timer.
 *
 * Unary calls wait for it before they begin: all requests that have arrived together are then read
 * before the first is passed on. They leave for the upstream in one write, and the responses of an
 * upstream in this process follow each other. A peer on the same machine does not sleep and wake for
 * each of them. That costs more than a call does.
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
