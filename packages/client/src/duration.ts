// Durations on the command line, written as Go writes them.
import { InvalidArgumentError } from "commander";

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Parses a duration such as `500ms`, `1.5s`, `2m` or `1m30s` into milliseconds.
 *
 * @throws InvalidArgumentError unless it is a duration of at least a millisecond.
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (milliseconds[unit ?? ""] ?? 0), 0);
  const whole = parts.map(([part]) => part).join("") === text;
  if (!whole || total < 1 || !Number.isSafeInteger(Math.round(total))) {
    throw new InvalidArgumentError("It must be a duration like 500ms, 1s or 2m.");
  }
  return Math.round(total);
}
