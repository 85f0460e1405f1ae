// Waits for a state that follows from events.
import { vi } from "vitest";

/**
 * Repeats a check until it passes, for twenty seconds: Vitest's default of one second is too short
 * for a busy machine.
 */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 20_000 });
}
