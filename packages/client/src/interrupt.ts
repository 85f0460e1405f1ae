// Ctrl-C: what it does to the command that runs.

export interface Interrupt {
  /** Aborts when the user wants what runs to be cancelled. */
  readonly signal: AbortSignal;
  /** Ctrl-C was pressed. */
  raise(): void;
  /** Gives the next Ctrl-C to `handler`, for a command that has a gentler end than to be cancelled; the one after that cancels. */
  once(handler: () => void): void;
}

export function createInterrupt(): Interrupt {
  const controller = new AbortController();
  const handlers: (() => void)[] = [];
  return {
    signal: controller.signal,
    raise() {
      const handler = handlers.pop();
      if (handler === undefined) controller.abort();
      else handler();
    },
    once(handler) {
      handlers.push(handler);
    },
  };
}
