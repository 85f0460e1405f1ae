// The problems that the SDK reports, as lines for the log of a command.
import { DiagLogLevel, diag } from "@opentelemetry/api";

/** How often the same problem is reported. */
const everyMs = 60_000;

export class Warnings {
  readonly #onWarning: (message: string) => void;
  /** When each problem was reported last. */
  readonly #reportedAt = new Map<string, number>();
  /** How many more problems are reported. */
  #left = Number.POSITIVE_INFINITY;

  /** @param onWarning receives the warnings and the errors of the SDK. */
  constructor(onWarning: (message: string) => void) {
    this.#onWarning = onWarning;
    const ignore = () => {};
    const report = (message: string) => this.report(readable(message));
    diag.setLogger({ error: report, warn: report, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
  }

  /** From now on, reports one more problem. */
  reportOneMore(): void {
    this.#left = 1;
    this.#reportedAt.clear();
  }

  report(message: string): void {
    const now = performance.now();
    if (this.#left === 0 || now - (this.#reportedAt.get(message) ?? Number.NEGATIVE_INFINITY) < everyMs) return;
    this.#left--;
    // The SDK repeats the same few problems, unless a message has a number.
    if (this.#reportedAt.size === 100) this.#reportedAt.clear();
    this.#reportedAt.set(message, now);
    this.#onWarning(`OpenTelemetry: ${message}`);
  }
}

/** One line. The SDK reports some errors as JSON with a stack, and some as a text with one. */
function readable(message: unknown): string {
  const text = message instanceof Error ? message.message : String(message);
  try {
    const { message: inner, code } = JSON.parse(text) as { readonly message?: string; readonly code?: string };
    return inner || code || text;
  } catch {
    return text.split("\n", 1)[0] ?? text;
  }
}
