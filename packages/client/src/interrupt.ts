// Ctrl-C: what it does to the command that runs.

export interface Interrupt {
  /** Aborts when the user wants what runs to be cancelled. */
  readonly signal: AbortSignal;
  /** Ctrl-C was pressed. */
  raise(): void;
  /**
   * Gives the next Ctrl-C to `handler`, for a command that has a gentler end than to be cancelled; the one after that cancels. Returns what
   * takes the handler back.
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
