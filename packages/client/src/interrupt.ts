// What Ctrl-C does to the running command.

export interface Interrupt {
  /** Aborts when the user cancels the command. */
  readonly signal: AbortSignal;
  /** Called for each Ctrl-C. */
  raise(): void;
  /**
   * Calls `handler` for the next Ctrl-C, for a command that can end more gently than by a cancel;
   * the one after that cancels. Returns a function that removes the handler.
   */
  once(handler: () => void): () => void;
}

export function createInterrupt(): Interrupt {
  const controller = new AbortController();
  const handlers = new Set<() => void>();
  return {
    signal: controller.signal,
    raise() {
      const [handler] = handlers;
      if (handler === undefined) return controller.abort();
      handlers.delete(handler);
      handler();
    },
    once(handler) {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
  };
}
