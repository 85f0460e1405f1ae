// The listeners of `onEnd()`.

type Listener<Failure> = (error: Failure | undefined) => void;

/** Without an object of its own: most calls have one listener, or none. */
export type EndListeners<Failure> = Listener<Failure> | Listener<Failure>[] | undefined;

/** Returns the listeners with another one. */
export function withListener<Failure>(listeners: EndListeners<Failure>, listener: Listener<Failure>): EndListeners<Failure> {
  if (listeners === undefined) return listener;
  return typeof listeners === "function" ? [listeners, listener] : [...listeners, listener];
}

/**
 * Tells the listeners that the call has ended.
 *
 * @param onFault called with what a listener throws. Default: it is ignored, because the call has
 * ended and has no other recipient.
 */
export function tellEnd<Failure>(listeners: EndListeners<Failure>, error: Failure | undefined, onFault?: (thrown: unknown) => void): void {
  if (typeof listeners !== "function") {
    for (const listener of listeners ?? []) tellEnd(listener, error, onFault);
    return;
  }
  try {
    listeners(error);
  } catch (thrown) {
    onFault?.(thrown);
  }
}
